/** Where bytes can be fetched from: a response, a stream, or an address. */
export type Remote = Response | ReadableStream | URL | string;

/** `WebAssembly.Module`, where the types of the runtime have it; those of Node have not. */
export type CompiledModule = typeof globalThis extends {
  WebAssembly: { Module: { prototype: infer Module } };
}
  ? Module
  : object;

/** A build of the core as it reaches each runtime: compiled, as bytes, or where they are. */
export type WasmSource = CompiledModule | ArrayBufferView | ArrayBuffer | Remote;

/**
 * Fetches the bytes of a response, a stream or an address; anything else is returned as it is. The kinds are told apart by
 * their members and not by `instanceof`, which fails for objects of another realm.
 * @throws TypeError or Error where the bytes cannot be fetched
 */
export async function bytesBehind<Other extends object>(
  source: Other | Remote,
): Promise<Other | ArrayBuffer> {
  let body = source as Other & Partial<Response & ReadableStream & URL>;
  if (typeof source === "string" || body.href) body = (await fetch(source as string)) as typeof body;
  else if (body.getReader) body = new Response(source as ReadableStream) as typeof body;
  if (!body.arrayBuffer) return body;
  if (!body.ok) throw new Error(`${body.url} answered with status ${body.status}`);
  return body.arrayBuffer();
}
