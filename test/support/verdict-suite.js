/**
 * What the package's built readers make of picture files, tried in whatever runtime this runs in. It is bundled with the
 * files inside (files.bin: each file's length as 4 bytes, little-endian, then the file), so that no file is read.
 */
import { decodeJpeg } from "denoise-wasm/jpeg";
import { decodePng } from "denoise-wasm/png";
import files from "../files.bin";

/** @returns {Promise<string[]>} for each file the size and a digest of the picture, or the error */
export async function verdicts() {
  const all = [];
  const view = new DataView(files.buffer, files.byteOffset);
  for (let at = 0; at < files.length; ) {
    const end = at + 4 + view.getUint32(at, true);
    all.push(await verdictOf(files.slice(at + 4, end)));
    at = end;
  }
  return all;
}

async function verdictOf(bytes) {
  try {
    const decode = bytes[0] === 0xff ? decodeJpeg : decodePng;
    const { data, width, height, channels } = await decode(bytes, "The file");
    const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", values));
    const hex = [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${width}x${height}x${channels} ${hex}`;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
