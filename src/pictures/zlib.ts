/**
 * Packs the data of PNG files (zlib, RFC 1950) by the platform's own stream. zlib.edge-light.ts is its twin for platforms
 * without one. inflate.ts unpacks.
 * @param parts what is to be packed, in parts, which are taken when they are needed
 */
export async function zlib(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  const { readable, writable } = new CompressionStream("deflate");
  const packed = new Response(readable).arrayBuffer();
  const writer = writable.getWriter();
  for (const part of parts) await writer.write(part);
  await writer.close();
  return new Uint8Array(await packed);
}
