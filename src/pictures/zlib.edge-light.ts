/** The same by fflate: Next.js and Vercel have no streams of compressed data on their edge runtime. */
import { Inflate, zlibSync } from "fflate";

/** Bytes unpacked at a time, into at most 1,032 times as many. */
const SLICE = 4096;

export async function* unzlib(packed: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const bytes = new Uint8Array(await new Blob(packed as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  // Method 8, header divisible by 31, no dictionary; at the end there is a checksum of 4 bytes, which PNG's own makes needless.
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
