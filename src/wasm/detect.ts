/** What the runtime can do, asked by `WebAssembly.validate` on modules of a few bytes. */
import { requireOption, UnsupportedRuntimeError } from "../errors.ts";

/** `fast`: the quickest build that runs here. `reproducible`: the same bytes in every engine. */
export type Mode = "fast" | "reproducible";

/** A build of the core: `simd` (WebAssembly SIMD) or `relaxed` (relaxed SIMD: fused multiply-add). */
export type Variant = "simd" | "relaxed";

/** @throws SpecError where a mode is none */
export function requireMode(mode: Mode): void {
  requireOption("mode", mode, ["fast", "reproducible"].includes(mode), '"fast" or "reproducible"');
}

/** Whether a module is valid: magic, version, type () → v128, one function, and its body. */
function runs(body: number[]): boolean {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
  const module = [...header, 10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b];
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(module));
}

// i32.const 0, i8x16.splat
const SIMD = [0x41, 0, 0xfd, 15];

/** Whether the runtime has WebAssembly SIMD, without which nothing here runs. */
export function hasSimd(): boolean {
  return runs(SIMD);
}

/** Whether the runtime has relaxed SIMD, which the build "relaxed" needs. */
export function hasRelaxedSimd(): boolean {
  // three vectors, f32x4.relaxed_madd (0xfd 0x105)
  return runs([...SIMD, ...SIMD, ...SIMD, 0xfd, 0x85, 0x02]);
}

/** @throws UnsupportedRuntimeError without WebAssembly SIMD */
export function chooseVariant(mode: Mode): Variant {
  if (!hasSimd()) {
    throw new UnsupportedRuntimeError(
      "This runtime has no WebAssembly SIMD. Use Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later.",
    );
  }
  return mode === "fast" && hasRelaxedSimd() ? "relaxed" : "simd";
}
