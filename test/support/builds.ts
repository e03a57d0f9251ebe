/** The builds of the core, each with the numbers of threads it is tried with: what every suite runs over. */
import { describe } from "vitest";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { canShareMemory } from "../../src/wasm/threads.ts";
import { readBytes } from "./bytes.ts";

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

const bytesOf = new Map(
  await Promise.all(
    candidates.map(async ({ name }) => {
      const bytes = await readBytes(new URL(`../../build/wasm/${name}.wasm`, import.meta.url));
      return [name, bytes] as const;
    }),
  ),
);

/** Why a build cannot run here; undefined where it can. */
function obstacle({ name }: Candidate): string | undefined {
  if (name.startsWith("relaxed") && !hasRelaxedSimd()) return "this runtime has no relaxed SIMD, Node 22 has";
  if (name.endsWith("-threads") && !canShareMemory())
    return "a page's main thread may not wait; its workers may";
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
    const wasm = bytesOf.get(name)!;
    const reason = obstacle(candidate);
    for (const threads of candidate.threads) {
      const label = `${title}, build ${name}${threads > 1 ? `, ${threads} threads` : ""}`;
      describe.skipIf(reason)(reason ? `${label} (skipped: ${reason})` : label, () => {
        suite({ name, threads, wasm });
      });
    }
  }
}
