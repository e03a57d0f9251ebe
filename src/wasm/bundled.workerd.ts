/** The build as a file beside the script, for workerd, which compiles modules only when a worker is deployed. */
import simd from "./denoise.wasm";
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => simd });
