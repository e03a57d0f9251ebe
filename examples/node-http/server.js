import { createServer } from "node:http";
import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
const most = 8 * 2 ** 20;

const server = createServer(async (request, response) => {
  const answer = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
  const problem = (status, error) => answer(status, "application/json", JSON.stringify({ error }));
  try {
    const parts = [];
    let length = 0;
    for await (const part of request) {
      length += part.length;
      if (length > most) return problem(413, `Send at most ${most} bytes.`);
      parts.push(part);
    }
    const sigma = new URL(request.url, "http://localhost").searchParams.get("sigma");
    const png = await denoisePng(denoiser, Buffer.concat(parts), { sigma: sigma ? Number(sigma) : "auto" });
    answer(200, "image/png", png);
  } catch (error) {
    problem(error instanceof DenoiseError ? 400 : 500, error.message);
  }
});
server.listen(process.env.PORT ?? 8080, "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}/`);
});
