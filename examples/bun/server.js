import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: process.env.PORT ?? 8080,
  maxRequestBodySize: 8 * 2 ** 20,
  async fetch(request) {
    try {
      const sigma = new URL(request.url).searchParams.get("sigma");
      const png = await denoisePng(denoiser, await request.arrayBuffer(), {
        sigma: sigma ? Number(sigma) : "auto",
      });
      return new Response(png, { headers: { "content-type": "image/png" } });
    } catch (error) {
      return Response.json({ error: error.message }, { status: error instanceof DenoiseError ? 400 : 500 });
    }
  },
});
console.log(`Listening on ${server.url}`);
