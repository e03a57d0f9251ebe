/** Makes a running core from a build's bytes, with a memory of the size that a plan needs. */
import { instantiate } from "@assemblyscript/loader";
import relaxed from "../../build/wasm/relaxed.js";
import relaxedThreads from "../../build/wasm/relaxed-threads.js";
import simd from "../../build/wasm/simd.js";
import simdThreads from "../../build/wasm/simd-threads.js";
import type { Variant } from "./detect.ts";
import { bytesOf } from "./inlined.ts";
import type { ThreadExports, WalkerExports } from "./leader.ts";
import { startThreads } from "./threads.ts";

/** A network's buffers begin at this address. The module's static data lies below it; that is checked on loading. */
export const ARENA_START = 4096;

/** What a core needs of a plan: where its buffers end, and where threads synchronise. Addresses are in bytes. */
export interface CoreLayout {
  readonly end: number;
  readonly sync: number;
}

const PAGE = 65536;

type Build = Variant | `${Variant}-threads`;
const inlined: Record<Build, string> = {
  simd,
  relaxed,
  "simd-threads": simdThreads,
  "relaxed-threads": relaxedThreads,
};

export interface Core {
  readonly memory: WebAssembly.Memory;
  /** The number of threads that run. */
  readonly threads: number;
  /** Runs the program at an address on all threads. @throws ThreadError if a thread is lost */
  run(program: number): void;
  /** Runs the program at an address on this thread alone. */
  runAlone(program: number): void;
  /** Ends the threads; resolves when they are gone. */
  dispose(): Promise<void>;
}

/** The bytes of a build that is inlined in the package. */
export function bundledBytes(build: Build): Uint8Array<ArrayBuffer> {
  return bytesOf(inlined[build]);
}

/** Instantiates a build without threads, with a memory of zeros as large as the plan's arena. */
export async function loadCore(wasm: BufferSource | WebAssembly.Module, plan: CoreLayout): Promise<Core> {
  const memory = new WebAssembly.Memory({ initial: pagesOf(plan) });
  const { run } = await instantiateOn<WalkerExports>(wasm, memory);
  return { memory, threads: 1, run, runAlone: run, dispose: async () => {} };
}

/** Does the same for a build with threads. If not all of them start, `threads` of the core says how many did. */
export async function loadThreadedCore(
  wasm: BufferSource | WebAssembly.Module,
  plan: CoreLayout,
  threads: number,
  workerUrl?: string | URL,
): Promise<Core> {
  const module = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm);
  const pages = pagesOf(plan);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const exports = await instantiateOn<ThreadExports>(module, memory);
  const pool = await startThreads(module, memory, exports, plan.sync, threads, workerUrl);
  return { memory, threads: pool.count, run: pool.run, runAlone: exports.run, dispose: pool.dispose };
}

async function instantiateOn<Exports>(
  wasm: BufferSource | WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Exports> {
  const { exports } = await instantiate<Exports & { staticEnd(): number }>(wasm, { env: { memory } });
  if (exports.staticEnd() > ARENA_START) {
    throw new Error(`The core's static data ends at ${exports.staticEnd()}, past ${ARENA_START}.`);
  }
  return exports;
}

function pagesOf(plan: CoreLayout): number {
  return Math.ceil(plan.end / PAGE);
}
