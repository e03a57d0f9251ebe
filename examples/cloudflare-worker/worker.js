import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = createDenoiser();
/** Bytes of all files that are here at a time, and how many there may be. */
const most = 4 * 2 ** 20;
const places = 32;
/** Pixels of a picture with 8 bits, so that one takes no more than the 128 MB of an isolate. With 16 bits, half of them. */
const pixels = 2 ** 19;

/** Requests that are here with the length of their files, and those of them whose file has come and that wait for their turn. */
const present = new Map();
const line = new Set();

export default {
  async fetch(request) {
    if (request.method !== "POST") return problem(405, "Send a PNG file as the body of a POST request.");
    if (request.headers.get("content-type") !== "image/png") return problem(415, "Send it as image/png.");
    const length = request.headers.get("content-length");
    if (!length) return problem(411, "Send it with its length, not in chunks.");
    if (length > most) return problem(413, `Send at most ${most} bytes.`);
    const together = [...present.values()].reduce((sum, other) => sum + other, Number(length));
    if (present.size >= places || together > most)
      return problem(503, "Too many requests are waiting. Try again later.", { "retry-after": "5" });
    const leave = () => {
      present.delete(request);
      line.delete(request);
    };
    present.set(request, Number(length));
    // If the client leaves, the runtime drops the request where it stands, and not even `finally` is run.
    request.signal.addEventListener("abort", leave);
    try {
      const file = await request.arrayBuffer();
      line.add(request);
      // The denoiser does not pause here. Between two pictures, the runtime finds out who has left.
      do await new Promise((resolve) => setTimeout(resolve, 1));
      while (line.values().next().value !== request);
      const sigma = new URL(request.url).searchParams.get("sigma");
      const isDeep = new Uint8Array(file)[24] === 16;
      const options = { sigma: sigma ? Number(sigma) : "auto", maxPixels: isDeep ? pixels / 2 : pixels };
      const png = await denoisePng(await denoiser, file, options);
      return new Response(png, { headers: { "content-type": "image/png" } });
    } catch (error) {
      return problem(error instanceof DenoiseError ? 400 : 500, error.message);
    } finally {
      leave();
    }
  },
};

const problem = (status, error, headers) => Response.json({ error }, { status, headers });
