/**
 * In place of src/wasm/inlined.ts where the page trains: the builds of the core are files, of which only the one that runs is loaded.
 * As files they also travel smaller than as texts.
 */
export async function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok)
    throw new Error(`A part of the page, ${name}, is not on the server (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}
