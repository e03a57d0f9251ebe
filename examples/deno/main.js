import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
const most = 8 * 2 ** 20;

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8080) }, async (request) => {
  const length = request.headers.get("content-length");
  if (!length) return problem(411, "Send a PNG file with its length, not in chunks.");
  if (length > most) return problem(413, `Send at most ${most} bytes.`);
  try {
    const sigma = new URL(request.url).searchParams.get("sigma");
    const png = await denoisePng(denoiser, await request.arrayBuffer(), {
      sigma: sigma ? Number(sigma) : "auto",
    });
    return new Response(png, { headers: { "content-type": "image/png" } });
  } catch (error) {
    return problem(error instanceof DenoiseError ? 400 : 500, error.message);
  }
});

const problem = (status, error) => Response.json({ error }, { status });
