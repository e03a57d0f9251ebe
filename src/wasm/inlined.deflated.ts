/**
 * In place of inlined.ts in the single files of build/edge. There, texts are base64 of deflated bytes: compressed once more, as
 * servers do, they are a twelfth smaller than the texts of inlined.ts, and nothing in them is more than a byte of UTF-8.
 */
export async function bytesOf(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}
