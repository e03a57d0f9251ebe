import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

export const runtime = "edge";

const denoiser = createDenoiser();
/** Bytes of a file, and requests that are here at a time. */
const most = 4 * 2 ** 20;
const places = 16;
/** Pixels of a picture with 8 bits, so that one takes no more than the 128 MB of an isolate. With 16 bits, half of them. */
const pixels = 2 ** 19;

let present = 0;
let turn = denoiser;
/** Denoises files one after the other, so that only one is unpacked at a time; those whose senders have left are passed over. */
function denoise(file, sigma, signal) {
  turn = turn
    .catch(() => {})
    .then(async () => {
      signal.throwIfAborted();
      const maxPixels = new Uint8Array(file)[24] === 16 ? pixels / 2 : pixels;
      return denoisePng(await denoiser, file, { sigma: sigma ? Number(sigma) : "auto", maxPixels, signal });
    });
  return turn;
}

export async function POST(request) {
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
}

const problem = (status, error, headers) => Response.json({ error }, { status, headers });
