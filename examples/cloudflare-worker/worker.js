import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = createDenoiser();
const most = 8 * 2 ** 20;

export default {
  async fetch(request) {
    if (request.method !== "POST") return problem(405, "Send a PNG file as the body of a POST request.");
    if (request.headers.get("content-type") !== "image/png") return problem(415, "Send it as image/png.");
    const length = request.headers.get("content-length");
    if (!length) return problem(411, "Send it with its length, not in chunks.");
    if (length > most) return problem(413, `Send at most ${most} bytes.`);
    try {
      const sigma = new URL(request.url).searchParams.get("sigma");
      const options = { sigma: sigma ? Number(sigma) : "auto", maxPixels: 2 ** 22 };
      const png = await denoisePng(await denoiser, await request.arrayBuffer(), options);
      return new Response(png, { headers: { "content-type": "image/png" } });
    } catch (error) {
      return problem(error instanceof DenoiseError ? 400 : 500, error.message);
    }
  },
};

const problem = (status, error) => Response.json({ error }, { status });
