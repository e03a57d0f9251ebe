// Denoises the bytes of a PNG or JPEG file.
import { createDenoiser, DataError } from "denoise-wasm";
import { denoiseJpeg } from "denoise-wasm/jpeg";
import { denoisePng } from "denoise-wasm/png";

export const denoiser = await createDenoiser();

/**
 * @param {Uint8Array} bytes the file
 * @param {import("denoise-wasm").DenoiseOptions & { maxPixels?: number }} [options]
 * @returns {Promise<{ type: "image/png" | "image/jpeg", bytes: Uint8Array }>} a file of the same kind, and its media type
 * @throws DataError if it is neither, broken, or has more than `maxPixels`, by default 4 megapixels
 */
export async function denoiseFile(bytes, options) {
  if (bytes[0] === 0x89) return { type: "image/png", bytes: await denoisePng(denoiser, bytes, options) };
  if (bytes[0] === 0xff) return { type: "image/jpeg", bytes: await denoiseJpeg(denoiser, bytes, options) };
  throw new DataError("This is neither a PNG nor a JPEG file. Send one of these.");
}

/**
 * The options that the query of an address gives: `?sigma=25&strength=0.8`. An empty one, as forms send it, counts for nothing.
 * @param {Record<string, unknown>} query
 */
export function optionsOf({ sigma, strength }) {
  const given = Object.entries({ sigma, strength }).filter(([, value]) => `${value ?? ""}`.trim() !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, Number(value)]));
}
