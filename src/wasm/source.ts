import { readLocal } from "./local-file.ts";

/**
 * What bytes can be read from: a response, a stream, a Blob or File, a URL that is fetched, or, in Node, Deno and Bun, the
 * path of a file.
 */
export type Remote = Response | ReadableStream | Blob | URL | string;

/** `WebAssembly.Module`, if the runtime's types have it; `object`, if they do not, as those of Node. */
export type CompiledModule = typeof globalThis extends {
  WebAssembly: { Module: { prototype: infer Module } };
}
  ? Module
  : object;

/** A build of the WebAssembly core: a compiled module, its bytes, or a response, stream or address that gives these. */
export type WasmSource = CompiledModule | ArrayBufferView | ArrayBuffer | Remote;

/**
 * Reads the bytes of a file, a response or a stream, or fetches those of an address. Anything else is returned as it is.
 * The kinds are told apart by their members and not by `instanceof`, which fails for objects of another realm.
 * @throws TypeError or Error if the bytes cannot be read
 */
export async function bytesBehind<Other extends object>(
  source: Other | Remote,
): Promise<Other | ArrayBuffer | Uint8Array<ArrayBuffer>> {
  let body = source as Other & Partial<Response & ReadableStream & URL>;
  if (typeof source === "string" || body.href) {
    const file = readLocal(source as string);
    if (file) return file;
    body = (await fetch(source as string)) as typeof body;
  } else if (body.getReader) body = new Response(source as ReadableStream) as typeof body;
  if (!body.arrayBuffer) return body;
  if (body.ok === false) throw new Error(`${body.url} answered with status ${body.status}`);
  return body.arrayBuffer();
}
