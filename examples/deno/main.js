import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
/** Bytes of a file, and requests that are here at a time. */
const most = 8 * 2 ** 20;
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

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8080) }, async (request) => {
  const length = request.headers.get("content-length");
  if (!length) return problem(411, "Send a PNG file with its length, not in chunks.");
  if (length > most) return problem(413, `Send at most ${most} bytes.`);
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
});

function problem(status, error, headers) {
  return Response.json({ error }, { status, headers });
}
