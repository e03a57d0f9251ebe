/** The twin of zlib.ts by fflate, since the edge runtime of Next.js and Vercel has no compression streams. */
import { Inflate, zlibSync } from "fflate";

/** This many packed bytes are unpacked at a time, to at most 1,032 times as many. */
const SLICE = 4096;

export async function* unzlib(packed: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const bytes = new Uint8Array(await new Blob(packed as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  // The header has to give method 8, be divisible by 31, and ask for no dictionary. At the end is a checksum of 4 bytes,
  // which is not checked, since each chunk of a PNG has a checksum of its own.
  const [method = 0, flags = 0] = bytes;
  const end = bytes.length - 4;
  if (end <= 2 || (method & 15) !== 8 || (256 * method + flags) % 31 !== 0 || (flags & 32) !== 0)
    throw new Error("no zlib data");
  const parts: Uint8Array[] = [];
  const stream = new Inflate((part) => {
    parts.push(part);
  });
  for (let at = 2; at < end; at += SLICE) {
    stream.push(bytes.subarray(at, Math.min(at + SLICE, end)), at + SLICE >= end);
    yield* parts.splice(0);
  }
}

export async function zlib(bytes: Uint8Array): Promise<Uint8Array> {
  return zlibSync(bytes);
}
