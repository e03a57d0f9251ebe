import { createServer } from "node:http";
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

const server = createServer(async (request, response) => {
  const answer = (status, headers, body) => response.writeHead(status, headers).end(body);
  const problem = (status, error, headers) =>
    answer(status, { "content-type": "application/json", ...headers }, JSON.stringify({ error }));
  if (!URL.canParse(request.url, "http://localhost")) return problem(400, "The address cannot be read.");
  if (present >= places)
    return problem(503, "Too many requests are waiting. Try again later.", { "retry-after": 5 });
  present++;
  const gone = new AbortController();
  // Comes also when the answer has been sent.
  response.on("close", () => {
    present--;
    gone.abort();
  });
  try {
    const parts = [];
    let length = 0;
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      length += part.length;
      if (length > most) return problem(413, `Send at most ${most} bytes.`, { connection: "close" });
      parts.push(part);
    }
    const sigma = new URL(request.url, "http://localhost").searchParams.get("sigma");
    answer(200, { "content-type": "image/png" }, await denoise(Buffer.concat(parts), sigma, gone.signal));
  } catch (error) {
    // Who has left gets no answer.
    if (!response.destroyed) problem(error instanceof DenoiseError ? 400 : 500, error.message);
  }
});
// Those who send or read too slowly keep no place.
server.requestTimeout = 30_000;
server.setTimeout(120_000);
server.listen(process.env.PORT ?? 8080, "127.0.0.1", () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}/`);
});
