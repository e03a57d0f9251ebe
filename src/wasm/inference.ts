/** The small builds of the core, which only infer: a picture goes in row by row (assembly/stream/conv-stream.ts). */
import { UnsupportedRuntimeError } from "../errors.ts";
import type { Variant } from "./detect.ts";
import { bytesBehind, type WasmSource } from "./source.ts";

/** What a bundle carries of the builds, for a mode. */
export interface Bundled {
  readonly variant: Variant;
  readonly wasm?: () => WebAssembly.Module | BufferSource;
}

/** What a build exports: one network, and the pictures that go through it. Addresses are in bytes. */
export interface InferenceCore {
  readonly memory: WebAssembly.Memory;
  /** Begins a network. Before anything else is called, the memory has to reach the address that this and the next two return. */
  begin(layers: number, mirrored: number): number;
  addLayer(ins: number, outs: number, dilation: number, relu: number): number;
  fit(width: number): number;
  setParameters(weight: number, size: number, scale: number, bias: number): void;
  start(height: number): void;
  /** Takes the row at `input`. @returns how many rows came out, from `output` on */
  push(): number;
  /** Where the next row goes in, where rows come out, and the distance from channel to channel in both. */
  readonly input: WebAssembly.Global<"i32">;
  readonly output: WebAssembly.Global<"i32">;
  readonly pitch: WebAssembly.Global<"i32">;
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
