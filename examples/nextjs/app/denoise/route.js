import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

export const runtime = "edge";

const denoiser = createDenoiser();
const most = 4 * 2 ** 20;

export async function POST(request) {
  const length = request.headers.get("content-length");
  if (!length) return problem(411, "Send a PNG file with its length, not in chunks.");
  if (length > most) return problem(413, `Send at most ${most} bytes.`);
  try {
    const sigma = new URL(request.url).searchParams.get("sigma");
    const png = await denoisePng(await denoiser, await request.arrayBuffer(), {
      sigma: sigma ? Number(sigma) : "auto",
    });
    return new Response(png, { headers: { "content-type": "image/png" } });
  } catch (error) {
    return problem(error instanceof DenoiseError ? 400 : 500, error.message);
  }
}

const problem = (status, error) => Response.json({ error }, { status });
