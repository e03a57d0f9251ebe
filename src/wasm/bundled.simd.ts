/** Only the build that runs everywhere, inlined, for the single file of build/edge. */
import simd from "../../build/wasm/inference.js";
import type { Bundled } from "./inference.ts";
import { bytesOf } from "./inlined.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => bytesOf(simd) });
