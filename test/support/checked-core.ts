/**
 * A build of the core in which every load and every store first asks whether it may be done. Binaryen puts the questions into
 * the build that ships; access-check.ts answers.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "assemblyscript/binaryen";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Writes test/.output/checked.wasm. */
export function writeCheckedCore(): void {
  const module = binaryen.readBinary(readFileSync(`${root}build/wasm/simd.wasm`));
  module.setFeatures(binaryen.Features.All);
  module.runPasses(["instrument-memory"]);
  mkdirSync(`${root}test/.output`, { recursive: true });
  writeFileSync(`${root}test/.output/checked.wasm`, module.emitBinary());
  module.dispose();
}
