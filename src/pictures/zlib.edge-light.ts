/** The twin of zlib.ts by fflate, since the edge runtime of Next.js and Vercel has no compression streams. */
import { Zlib } from "fflate";
import { concatenate } from "./concatenate.ts";

export async function zlib(parts: Iterable<Uint8Array>): Promise<Uint8Array> {
  const packed: Uint8Array[] = [];
  const stream = new Zlib((part) => packed.push(part));
  for (const part of parts) stream.push(part);
  stream.push(new Uint8Array(), true);
  return concatenate(packed);
}
