/** For build/edge, where the build is a file of its own that is passed as `wasm`. */
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd" });
