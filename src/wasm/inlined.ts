/**
 * Bytes that the build writes into JavaScript (scripts/build.js): a text whose character codes are the bytes plus 64. So most of
 * the int8 weights are ASCII, nothing needs a charset, and it compresses a sixth better than base64.
 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) - 64;
  return bytes;
}
