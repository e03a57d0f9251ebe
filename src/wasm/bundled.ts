/**
 * The inference builds of the package, inlined. The other files of this name replace it where inlined builds cannot be
 * compiled, or where both would be too large.
 */
import { textOf } from "../../build/wasm/inference.js";
import { hasRelaxedSimd, type Mode } from "./detect.ts";
import type { Bundled } from "./inference.ts";
import { bytesOf } from "./inlined.ts";

/** The build for a mode. */
export function bundled(mode: Mode): Bundled {
  const variant = mode === "fast" && hasRelaxedSimd() ? "relaxed" : "simd";
  return { variant, wasm: () => bytesOf(textOf(variant)) };
}
