/**
 * Packs and unpacks the compressed data of PNG files (zlib, RFC 1950) by the platform's own streams. zlib.edge-light.ts
 * is its twin for platforms without them.
 */

/** Unpacks part by part, so that the caller can stop when it has enough. */
export async function* unzlib(packed: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const stream = new Blob(packed as Uint8Array<ArrayBuffer>[]).stream();
  const reader = stream.pipeThrough(new DecompressionStream("deflate")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
