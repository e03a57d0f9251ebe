/** Finds out what the runtime can do, by `WebAssembly.validate` on modules of a few bytes. */
import { requireOption, UnsupportedRuntimeError } from "../errors.ts";

/** `fast`: the quickest build that the runtime can run. `reproducible`: the same results, bit by bit, everywhere. */
export type Mode = "fast" | "reproducible";

/** A build of the core: `simd` uses WebAssembly SIMD, `relaxed` also relaxed SIMD (fused multiply-add). */
export type Variant = "simd" | "relaxed";

/** @throws SpecError if `mode` is not a mode */
export function requireMode(mode: Mode): void {
  requireOption("mode", mode, ["fast", "reproducible"].includes(mode), '"fast" or "reproducible"');
}

/** Whether a module is valid that has one function, of type () → v128, with this body. */
function runs(body: number[]): boolean {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
  const module = [...header, 10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b];
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(module));
}

// i32.const 0, i8x16.splat
const SIMD = [0x41, 0, 0xfd, 15];

/** Whether the runtime has WebAssembly SIMD. Without it no build of the core runs. */
export function hasSimd(): boolean {
  return runs(SIMD);
}

/** Whether the runtime has WebAssembly's relaxed SIMD, which the build "relaxed" needs. */
export function hasRelaxedSimd(): boolean {
  // three vectors, f32x4.relaxed_madd (0xfd 0x105)
  return runs([...SIMD, ...SIMD, ...SIMD, 0xfd, 0x85, 0x02]);
}

/** The build for a mode. @throws UnsupportedRuntimeError if the runtime has no WebAssembly SIMD */
export function chooseVariant(mode: Mode): Variant {
  if (!hasSimd()) {
    throw new UnsupportedRuntimeError(
      "This runtime has no WebAssembly SIMD. Use Chrome 91, Firefox 89, Safari 16.4 or later.",
    );
  }
  return mode === "fast" && hasRelaxedSimd() ? "relaxed" : "simd";
}
