/** No build, for denoise.js, where the build is a file of its own that users pass as `wasm`. */
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd" });
