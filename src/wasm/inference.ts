/** The small builds of the core that only infer, called layer by layer. */
import { UnsupportedRuntimeError } from "../errors.ts";
import { bytesBehind } from "../source.ts";
import type { Variant } from "./detect.ts";

/** A build of the core as it reaches each runtime. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | ReadableStream | URL | string;

/** What a bundle carries of the builds, for a mode. */
export interface Bundled {
  readonly variant: Variant;
  readonly wasm?: () => WebAssembly.Module | BufferSource;
}

/** The kernels: assembly/winograd.ts. */
export interface InferenceCore {
  readonly memory: WebAssembly.Memory;
  /** Where the module's static data ends. */
  staticEnd(): number;
  convolveRows(layer: number, y: number, x: number, count: number): void;
  enterRows(layer: number, y: number, x: number, count: number): void;
}

/**
 * Instantiates a build with a memory of one page.
 * @throws UnsupportedRuntimeError where it is missing, or cannot be fetched or compiled
 */
export async function loadInference(source: WasmSource | undefined): Promise<InferenceCore> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  try {
    if (!source) throw new Error("there is none in this bundle");
    // Of a module, an instance; of bytes, both. (Across realms a module is no instance of this realm's class.)
    const started: object = await WebAssembly.instantiate((await bytesBehind(source)) as BufferSource, {
      env: { memory },
    });
    const { exports } = ("instance" in started ? started.instance : started) as WebAssembly.Instance;
    return { ...(exports as unknown as InferenceCore), memory };
  } catch (cause) {
    throw new UnsupportedRuntimeError(
      `WebAssembly cannot be started: ${(cause as Error).message}. It needs SIMD (Node 16.4, Chrome 91, Firefox 89, ` +
        "Safari 16.4); as `wasm`, pass this version's inference build.",
      { cause },
    );
  }
}
