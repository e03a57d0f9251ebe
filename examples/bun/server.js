import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
/** Requests that are here at a time. */
const places = 16;
/** Pixels of a picture. One of this many with RGBA of 16 bits takes some 340 MB. */
const maxPixels = 2 ** 22;

let present = 0;
let turn = Promise.resolve();
/** Denoises files one after the other, so that only one is unpacked at a time; those whose senders have left are passed over. */
function denoise(file, sigma, signal) {
  turn = turn
    .catch(() => {})
    .then(() => {
      signal.throwIfAborted();
      return denoisePng(denoiser, file, { sigma: sigma ? Number(sigma) : "auto", maxPixels, signal });
    });
  return turn;
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: process.env.PORT ?? 8080,
  maxRequestBodySize: 8 * 2 ** 20,
  idleTimeout: 120,
  async fetch(request) {
    if (present >= places)
      return problem(503, "Too many requests are waiting. Try again later.", { "retry-after": "5" });
    present++;
    try {
      const sigma = new URL(request.url).searchParams.get("sigma");
      const png = await denoise(await request.arrayBuffer(), sigma, request.signal);
      return new Response(png, { headers: { "content-type": "image/png" } });
    } catch (error) {
      return problem(error instanceof DenoiseError ? 400 : 500, error.message);
    } finally {
      present--;
    }
  },
});
console.log(`Listening on ${server.url}`);

function problem(status, error, headers) {
  return Response.json({ error }, { status, headers });
}
