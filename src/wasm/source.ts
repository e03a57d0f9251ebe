/** What bytes are taken from where they are not at hand. */
export type Remote = Response | ReadableStream | URL | string;

/**
 * The bytes of a body, a stream, or what an address leads to; anything else is given back. Told apart by what they have,
 * not by class: across realms that fails.
 * @throws TypeError or Error where they cannot be had
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
