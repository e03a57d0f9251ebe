/**
 * The inference builds of the package, inlined. The other files of this name replace it where inlined builds cannot be
 * compiled, or where both would be too large.
 */
import simd from "../../build/wasm/inference.js";
import relaxed from "../../build/wasm/inference-relaxed.js";
import { hasRelaxedSimd, type Mode } from "./detect.ts";
import type { Bundled } from "./inference.ts";
import { bytesOf } from "./inlined.ts";

/** The build for a mode. */
export const bundled = (mode: Mode): Bundled =>
  mode === "fast" && hasRelaxedSimd()
    ? { variant: "relaxed", wasm: () => bytesOf(relaxed) }
    : { variant: "simd", wasm: () => bytesOf(simd) };
