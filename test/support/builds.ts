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

/** A build whose operations are run one by one, without workers. */
export interface KernelBuild {
  readonly name: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Whether it is one with threads, whose memory is shared. */
  readonly shared: boolean;
  /** Whether it asks before each load and store (checked-core.ts). */
  readonly checked: boolean;
}

interface Candidate {
  readonly name: string;
  /** How many threads networks have on it; none for a build of which only single operations are run. */
  readonly threads: readonly number[];
}

const candidates: readonly Candidate[] = [
  { name: "simd", threads: [1] },
  { name: "relaxed", threads: [1] },
  { name: "debug", threads: [1] },
  { name: "simd, checked", threads: [] },
  { name: "simd-threads", threads: [2, 3] },
  { name: "relaxed-threads", threads: [2, 3] },
];

const bytesOf = new Map(
  await Promise.all(
    candidates.map(async ({ name }) => {
      const path = name === "simd, checked" ? "../.output/checked.wasm" : `../../build/wasm/${name}.wasm`;
      const bytes = await readBytes(new URL(path, import.meta.url));
      return [name, bytes] as const;
    }),
  ),
);

/** Why a build cannot run here; undefined where it can. */
function obstacle({ name }: Candidate): string | undefined {
  return name.startsWith("relaxed") && !hasRelaxedSimd()
    ? "this runtime has no relaxed SIMD, Node 22 has"
    : undefined;
}

/** Why its threads cannot run here; undefined where they can. */
function obstacleToThreads(candidate: Candidate): string | undefined {
  const waits = candidate.name.endsWith("-threads") && !canShareMemory();
  return waits ? "a page's main thread may not wait; its workers may" : obstacle(candidate);
}

/** The suite once for each build and number of threads; a build that cannot run here is reported as skipped. */
export function describeBuilds(title: string, suite: (build: Build) => void): void {
  for (const candidate of candidates) {
    const { name } = candidate;
    const wasm = bytesOf.get(name)!;
    for (const threads of candidate.threads) {
      const label = `${title}, build ${name}${threads > 1 ? `, ${threads} threads` : ""}`;
      describeUnless(obstacleToThreads(candidate), label, () => suite({ name, threads, wasm }));
    }
  }
}

/** The suite once for each build, or each of those `which`, to run its operations with kernels.ts. */
export function describeKernels(
  title: string,
  suite: (build: KernelBuild) => void,
  which: (build: KernelBuild) => boolean = () => true,
): void {
  for (const candidate of candidates) {
    const { name } = candidate;
    const build = {
      name,
      wasm: bytesOf.get(name)!,
      shared: name.endsWith("-threads"),
      checked: name === "simd, checked",
    };
    if (!which(build)) continue;
    describeUnless(obstacle(candidate), `${title}, build ${name}`, () => suite(build));
  }
}

/** A suite that is reported as skipped where there is a reason. */
function describeUnless(reason: string | undefined, title: string, suite: () => void): void {
  describe.skipIf(reason)(reason ? `${title} (skipped: ${reason})` : title, suite);
}
