/** A CommonJS module, which reaches the package by `require`. */
import { readFileSync, writeFileSync } from "node:fs";
import { createDenoiser, DataError } from "denoise-wasm";

import png = require("denoise-wasm/png");

async function main(): Promise<void> {
  const denoiser = await createDenoiser();
  writeFileSync("script.png", await png.denoisePng(denoiser, readFileSync("noisy.png"), { sigma: 25 }));
  const error = await png.denoisePng(denoiser, new Uint8Array(9)).catch((error: unknown) => error);
  if (!(error instanceof DataError)) throw error;
}
main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
