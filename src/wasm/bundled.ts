/** The builds for inference that the package carries, inlined. Its twins are for where they cannot be, or are too much. */
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
