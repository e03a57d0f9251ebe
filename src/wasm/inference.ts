/** The small builds of the core, for inference only. A picture goes in row by row (assembly/stream/conv-stream.ts). */
import { UnsupportedRuntimeError } from "../errors.ts";
import type { Variant } from "./detect.ts";
import { bytesBehind, type WasmSource } from "./source.ts";

/** The build that a bundle has for a mode. */
export interface Bundled {
  readonly variant: Variant;
  readonly wasm?: () => WebAssembly.Module | BufferSource | Promise<BufferSource>;
}

/** What a build exports: functions to make one network, and to run pictures through it. Addresses are in bytes. */
export interface InferenceCore {
  /** What was instantiated. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /**
   * Begins a network of `layers` layers.
   * @returns like `addConvolution` and `fit`, the address up to which the memory has to reach before anything else is called
   */
  begin(layers: number, channels: number, mirrored: number, hasLevel: number): number;
  addConvolution(window: number, outs: number, dilation: number, relu: number): number;
  /** Adds a pixel-shuffle if `back`, and otherwise a pixel-unshuffle. */
  addPixels(back: number): void;
  /** Adds a layer that adds the value of layer number `from`. */
  addSum(from: number): void;
  setParameters(weight: number, size: number, scale: number, bias: number): void;
  /** Prepares for pictures of this size, of whose output the columns from `left` up to `right`, exclusive, are wanted. */
  fit(height: number, width: number, left: number, right: number): number;
  /** Begins a picture of this noise level. */
  start(level: number): void;
  /** Takes the row at `input`. @returns how many rows came out; they lie from `output` on */
  push(): number;
  /** The address for the next row of input. */
  readonly input: WebAssembly.Global<"i32">;
  /** The address of the first row that came out. */
  readonly output: WebAssembly.Global<"i32">;
  /** The distance from one channel of a row to the next, in both. */
  readonly pitch: WebAssembly.Global<"i32">;
}

/**
 * Instantiates a build with a memory of one page.
 * @throws UnsupportedRuntimeError if the build is missing, or cannot be fetched or compiled
 */
export async function loadInference(
  source: WasmSource | Promise<WasmSource> | undefined,
): Promise<InferenceCore> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  try {
    if (!source) throw new Error("there is none in this bundle");
    // A module gives an instance, bytes give a module and an instance. What came cannot be told by the class of the
    // source, since a module of another realm is not an instance of this realm's class.
    const given = await bytesBehind(await source);
    const started = (await WebAssembly.instantiate(given as BufferSource, { env: { memory } })) as object;
    const { module = given, instance = started as WebAssembly.Instance } =
      started as Partial<WebAssembly.WebAssemblyInstantiatedSource>;
    return { ...instance.exports, module, memory } as unknown as InferenceCore;
  } catch (cause) {
    throw new UnsupportedRuntimeError(
      `WebAssembly cannot be started: ${(cause as Error).message}. It needs SIMD (Chrome 91, Firefox 89, Safari ` +
        "16.4); as `wasm`, pass this version's inference build.",
      { cause },
    );
  }
}
