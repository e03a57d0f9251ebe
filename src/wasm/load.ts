/** Makes a running core from a build's bytes, with a memory of the size that a plan needs. */
import { instantiate } from "@assemblyscript/loader";
import { textOf } from "../../build/wasm/training.js";
import { DenoiseError, SpecError } from "../errors.ts";
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
  /** The subject of errors about memory. */
  readonly what: string;
}

const PAGE = 65536;
/** A WebAssembly memory has 32-bit addresses. */
const MOST_PAGES = 2 ** 32 / PAGE;

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
export function bundledBytes(build: Variant | `${Variant}-threads`): Uint8Array<ArrayBuffer> {
  return bytesOf(textOf(build));
}

/**
 * Ends the threads of cores that were dropped without being disposed of. A worker is no garbage as long as it runs, and it
 * would run for ever. What ends them must not lead to the core.
 */
const dropped = new FinalizationRegistry<() => Promise<void>>((dispose) => void dispose());

/**
 * Instantiates a build without threads, with a memory of zeros as large as the plan's arena.
 * @throws SpecError if WebAssembly cannot have that much memory, DenoiseError if there is less
 */
export async function loadCore(wasm: BufferSource | WebAssembly.Module, plan: CoreLayout): Promise<Core> {
  const memory = memoryFor(plan);
  const { run } = await instantiateOn<WalkerExports>(wasm, memory);
  return { memory, threads: 1, run, runAlone: run, dispose: async () => {} };
}

/**
 * Does the same for a build with threads. If not all of them start, `threads` of the core says how many did. They end when the
 * core is disposed of, or some time after nothing leads to it any more.
 */
export async function loadThreadedCore(
  wasm: BufferSource | WebAssembly.Module,
  plan: CoreLayout,
  threads: number,
  workerUrl?: string | URL,
): Promise<Core> {
  const module = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm);
  const memory = memoryFor(plan, { shared: true });
  const exports = await instantiateOn<ThreadExports>(module, memory);
  const pool = await startThreads(module, memory, exports, plan.sync, threads, workerUrl);
  const { count, run, dispose } = pool;
  const core: Core = {
    memory,
    threads: count,
    run,
    runAlone: exports.run,
    dispose() {
      dropped.unregister(core);
      return dispose();
    },
  };
  dropped.register(core, dispose, core);
  return core;
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

/** @throws SpecError if WebAssembly cannot have that much memory, DenoiseError if there is less */
function memoryFor({ end, what }: CoreLayout, { shared = false } = {}): WebAssembly.Memory {
  const pages = Math.ceil(end / PAGE);
  const asked = `${what} needs ${Math.ceil(end / 1e6).toLocaleString("en")} MB of WebAssembly memory`;
  if (!(pages <= MOST_PAGES))
    throw new SpecError(
      `${asked}, and ${Math.floor(2 ** 32 / 1e6).toLocaleString("en")} MB are possible. ${SMALLER}`,
    );
  try {
    return new WebAssembly.Memory({ initial: pages, ...(shared && { maximum: pages, shared }) });
  } catch (cause) {
    throw new DenoiseError(`${asked}, which it did not get. Free some memory; or: ${SMALLER}`, { cause });
  }
}

const SMALLER = "Use smaller batches, smaller pictures or patches, or a smaller network.";
