/** The build as a file, as in bundled.workerd.ts, for Next.js and Vercel, where `?module` imports it as a module. */
import simd from "./denoise.wasm?module";
import type { Bundled } from "./inference.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => simd });
