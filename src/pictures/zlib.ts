/** Data compressed as PNG has it (zlib, RFC 1950), by the platform's own streams. Its twin is for where there are none. */

/** Unpacks part by part, so that who has enough can stop. */
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
