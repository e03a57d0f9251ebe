/**
 * Packs the data of PNG files (zlib, RFC 1950) by the platform's own stream. zlib.edge-light.ts is its twin for platforms
 * without one. inflate.ts unpacks.
 */
export async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
