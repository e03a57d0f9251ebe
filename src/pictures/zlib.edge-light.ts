/** The twin of zlib.ts by fflate, since the edge runtime of Next.js and Vercel has no compression streams. */
import { zlibSync } from "fflate";

export async function zlib(bytes: Uint8Array): Promise<Uint8Array> {
  return zlibSync(bytes);
}
