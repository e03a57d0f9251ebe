import { UnsupportedRuntimeError } from "../errors.ts";

/**
 * The SHA-256 of bytes, as 64 lower-case hex digits.
 *
 * @throws UnsupportedRuntimeError in a page that is neither https nor localhost
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new UnsupportedRuntimeError(
      "SHA-256 needs crypto.subtle, which browsers give only to pages served over https or from localhost",
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
