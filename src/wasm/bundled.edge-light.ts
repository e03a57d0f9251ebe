/** The same for Next.js and Vercel, which want to be told that the file is a module. */
import simd from "./denoise.wasm?module";
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => simd });
