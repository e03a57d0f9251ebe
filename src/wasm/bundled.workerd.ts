/** workerd compiles modules when a worker is deployed, and forbids it later: the build is a file beside the script. */
import simd from "./denoise.wasm";
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => simd });
