/** For the single file of build/edge: the build that runs everywhere, inlined. */
import simd from "../../build/wasm/inference.js";
import type { Bundled } from "./inference.ts";
import { bytesOf } from "./inlined.ts";

export const bundled = (): Bundled => ({ variant: "simd", wasm: () => bytesOf(simd) });
