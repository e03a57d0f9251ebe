/** Files on disk, where the runtime has them: in Node, Deno and Bun. */

/**
 * Reads a file. Node's module is reached through `process.getBuiltinModule`, so that bundlers see no import of it.
 * @param address a path or a `file:` URL
 * @returns undefined if the address is of another kind, or the runtime has no files
 */
export function readLocal(address: string | URL): Promise<Uint8Array<ArrayBuffer>> | undefined {
  const text = `${address}`;
  const files = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  if (!files || /^(https?|data|blob):/i.test(text)) return undefined;
  return files.readFile(/^file:/i.test(text) ? new URL(text) : text) as Promise<Uint8Array<ArrayBuffer>>;
}
