/** From a build's bytes to a running core with a memory of the size that a plan asks for. */
import { instantiate } from "@assemblyscript/loader";
import relaxed from "../../build/wasm/relaxed.js";
import simd from "../../build/wasm/simd.js";
import { ARENA_START } from "../plan.ts";
import type { Variant } from "./detect.ts";

const PAGE = 65536;
const base64: Record<Variant, string> = { simd, relaxed };

export interface Core {
  readonly memory: WebAssembly.Memory;
  /** Runs the program at an address as one of so many threads. */
  run(program: number, thread: number, threads: number): void;
}

/** The bytes of a build that comes with the package. */
export function bundledBytes(variant: Variant): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64[variant]), (character) => character.charCodeAt(0));
}

/** Instantiates a build with zeroed memory of at least `bytes`. */
export async function loadCore(wasm: BufferSource | WebAssembly.Module, bytes: number): Promise<Core> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  const { exports } = await instantiate<{ run: Core["run"]; staticEnd(): number }>(wasm, {
    env: { memory },
  });
  if (exports.staticEnd() > ARENA_START) {
    throw new Error(`The core's static data ends at ${exports.staticEnd()}, past ${ARENA_START}.`);
  }
  return { memory, run: exports.run };
}
