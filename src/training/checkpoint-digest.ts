/**
 * The SHA-256 in the metadata of a checkpoint file. It is that of the whole file in which 64 zeros stand in its own place, so
 * that no bit of a checkpoint can change unseen: most of them would only lead to another model.
 */
import { sha256 } from "../data/sha256.ts";

export const DIGEST_KEY = "denoise-wasm.sha256";
/** What stands in place of the digest while it is computed. */
export const NO_DIGEST = "0".repeat(64);

/** Writes the digest into a file that has `NO_DIGEST` under `DIGEST_KEY`. */
export async function seal(file: Uint8Array<ArrayBuffer>): Promise<void> {
  file.set(new TextEncoder().encode(await sha256(file)), placeOf(file));
}

/** Whether the digest that a file's metadata has is that of the file. */
export async function isSealed(file: Uint8Array, digest: string): Promise<boolean> {
  const place = placeOf(file);
  // `slice` of a Buffer would be the same memory.
  const blank = new Uint8Array(file).fill(0x30, place, place + NO_DIGEST.length);
  return (await sha256(blank)) === digest;
}

/** Where the digest stands in a safetensors file: a quotation mark within a text of its header would have a backslash. */
function placeOf(file: Uint8Array): number {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = file.subarray(8, 8 + length);
  const key = new TextEncoder().encode(`"${DIGEST_KEY}":"`);
  let at = header.indexOf(key[0]!);
  while (at >= 0 && !key.every((byte, index) => header[at + index] === byte))
    at = header.indexOf(key[0]!, at + 1);
  return 8 + at + key.length;
}
