import { DataError } from "../errors.ts";

/** No archive may unpack to more than this many bytes, */
const largestSize = 2 ** 30;
/** nor to more than these and so many for each of its own, which a small file of pictures does not come near. */
const smallestLimit = 2 ** 28;
const usualRatio = 64;
/** The best ratio that the deflate format can reach (RFC 1951: 258 bytes from 2 bits). */
const largestRatio = 1032;
/** In bytes: header and trailer of a gzip file without names (RFC 1952), and at least 2 bytes of data. */
const smallestArchive = 20;
/** How many bytes are given to the decompressor at once. */
const chunkSize = 1 << 16;

/**
 * Unpacks a gzip file of one member (RFC 1952), recognised by its first bytes 1f 8b, whatever its name is. Other bytes
 * are returned as they are, without a copy.
 *
 * Memory is allocated once, for the size that the trailer gives. That size is limited before, and compared with the data
 * after, so that a file that is cut short, changed, or followed by other bytes is an error.
 *
 * @param name what errors call the file
 * @throws DataError if the archive is broken, or would unpack to more than 1 GiB, or more than 256 MiB and 64 times its size
 */
export async function gunzipIfNeeded(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  if (bytes.length < smallestArchive) {
    throw new DataError(`${name} is a gzip file cut short to ${bytes.length} bytes; fetch it again`);
  }
  const size = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  if (size <= bytes.length * largestRatio && size > smallestLimit + bytes.length * usualRatio) {
    throw new DataError(
      `${name} would unpack from ${bytes.length} to ${size} bytes, more than any pictures do; unpack it yourself if you trust it`,
    );
  }
  if (size > largestSize || size > bytes.length * largestRatio) {
    throw new DataError(
      `${name} is a broken gzip file (${bytes.length} bytes cannot unpack to ${size}): cut short, or followed by other bytes; fetch it again`,
    );
  }
  try {
    return await gunzip(bytes, size);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name} is a broken gzip file (${reason}); fetch it again`, { cause });
  }
}

async function gunzip(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const stream = new DecompressionStream("gzip");
  const fed = feed(stream.writable.getWriter(), bytes);
  fed.catch(() => {}); // The reader sees the same error first; `fed` is awaited below.
  const reader = stream.readable.getReader();
  const out = new Uint8Array(size);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (filled + value.length > size) {
      reader.cancel().catch(() => {});
      throw new Error(`more data than the ${size} bytes its end announces`);
    }
    out.set(value, filled);
    filled += value.length;
  }
  await fed;
  if (filled !== size) throw new Error(`${filled} bytes of data, but its end announces ${size}`);
  return out;
}

async function feed(writer: WritableStreamDefaultWriter<BufferSource>, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; start += chunkSize) {
    await writer.write(bytes.subarray(start, start + chunkSize) as Uint8Array<ArrayBuffer>);
  }
  await writer.close();
}
