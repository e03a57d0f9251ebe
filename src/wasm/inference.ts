/** The small builds of the core that only infer, called layer by layer. */

import simd from "../../build/wasm/inference.js";
import relaxed from "../../build/wasm/inference-relaxed.js";
import { UnsupportedRuntimeError } from "../errors.ts";
import type { Variant } from "./detect.ts";

/** A build of the core as it reaches each runtime. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** The kernels: assembly/winograd.ts. */
export interface InferenceCore {
  readonly memory: WebAssembly.Memory;
  /** Where the module's static data ends. */
  staticEnd(): number;
  convolveRows(layer: number, y: number, x: number, count: number): void;
  enterRows(layer: number, y: number, x: number, count: number): void;
}

/**
 * Instantiates the build that comes with the package, or `source` in its place, with a memory of one page.
 * @throws UnsupportedRuntimeError where the module cannot be fetched or compiled
 */
export async function loadInference(
  source: WasmSource | undefined,
  variant: Variant,
): Promise<InferenceCore> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const imports = { env: { memory } };
  try {
    const wasm =
      source === undefined ? bytesOf(variant === "relaxed" ? relaxed : simd) : await resolve(source);
    // Across realms a module is not an instance of this realm's class.
    const isModule = Object.prototype.toString.call(wasm) === "[object WebAssembly.Module]";
    const instance = isModule
      ? await WebAssembly.instantiate(wasm as WebAssembly.Module, imports)
      : (await WebAssembly.instantiate(wasm as BufferSource, imports)).instance;
    return { ...(instance.exports as unknown as InferenceCore), memory };
  } catch (cause) {
    throw new UnsupportedRuntimeError(
      `The WebAssembly module could not be started: ${(cause as Error).message}. ` +
        "Pass the inference build of this version as `wasm`: a module, its bytes, a Response or a URL.",
      { cause },
    );
  }
}

async function resolve(source: WasmSource): Promise<WebAssembly.Module | BufferSource> {
  const response = typeof source === "string" || source instanceof URL ? await fetch(source) : source;
  if (typeof (response as Response).arrayBuffer !== "function") return response as WebAssembly.Module;
  if (!(response as Response).ok)
    throw new Error(`${(response as Response).status} for ${(response as Response).url}`);
  return (response as Response).arrayBuffer();
}

/** The bytes behind a text of base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
