/** The builds of the core, each with the numbers of threads it is tried with: what every suite runs over. */
import { existsSync, readFileSync } from "node:fs";
import { describe } from "vitest";
import { hasRelaxedSimd } from "../src/wasm/detect.ts";

export interface Build {
  readonly name: string;
  readonly threads: number;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

interface Candidate {
  readonly name: string;
  readonly threads: readonly number[];
}

const candidates: readonly Candidate[] = [
  { name: "simd", threads: [1] },
  { name: "relaxed", threads: [1] },
  { name: "debug", threads: [1] },
  { name: "simd-threads", threads: [2, 3] },
  { name: "relaxed-threads", threads: [2, 3] },
];

/** Why a build cannot run here; undefined where it can. */
function obstacle({ name }: Candidate): string | undefined {
  if (name.startsWith("relaxed") && !hasRelaxedSimd()) return "this runtime has no relaxed SIMD, Node 24 has";
  return undefined;
}

/** The suite once for each build and number of threads; a build that cannot run here is reported as skipped. */
export function describeBuilds(title: string, suite: (build: Build) => void): void {
  describeCandidates(title, candidates, suite);
}

/** The same for the builds that run a program on one thread. */
export function describeSingleThreadedBuilds(title: string, suite: (build: Build) => void): void {
  describeCandidates(
    title,
    candidates.filter(({ threads }) => threads.includes(1)),
    suite,
  );
}

function describeCandidates(title: string, list: readonly Candidate[], suite: (build: Build) => void): void {
  for (const candidate of list) {
    const { name } = candidate;
    const wasm = wasmOf(name);
    const reason = obstacle(candidate);
    for (const threads of candidate.threads) {
      const label = `${title}, build ${name}${threads > 1 ? `, ${threads} threads` : ""}`;
      describe.skipIf(reason)(reason ? `${label} (skipped: ${reason})` : label, () => {
        suite({ name, threads, wasm });
      });
    }
  }
}

function wasmOf(name: string): Uint8Array<ArrayBuffer> {
  const file = new URL(`../build/wasm/${name}.wasm`, import.meta.url);
  if (!existsSync(file)) throw new Error(`${file.pathname} is missing: run "npm run build".`);
  return new Uint8Array(readFileSync(file));
}
