// The same as a consumer of a Cloudflare Queue: its messages name objects of one R2 bucket, PICTURES, and the results go into
// another, CLEAN. wrangler.toml says what they are called.
import { createDenoiser } from "denoise-wasm";
import { denoiseJpeg } from "denoise-wasm/jpeg";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
/** So that a picture takes no more than the 128 MB of a worker. With 16 bits it may have half as many. */
const maxPixels = 2 ** 19;

export default {
  // The producer: PUT /photos/1.jpg puts a picture into the bucket and its name into the queue. Ask for a login before you deploy it.
  async fetch(request, { PICTURES, QUEUE }) {
    if (request.method !== "PUT") return new Response("Send a picture by PUT.", { status: 405 });
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    await PICTURES.put(key, request.body);
    await QUEUE.send(key);
    return new Response(null, { status: 202 });
  },

  async queue({ messages }, { PICTURES, CLEAN }) {
    for (const message of messages) {
      const key = message.body;
      try {
        // A message may come twice. A result is there whole or not at all.
        if ((await CLEAN.head(key)) === null) {
          const object = await PICTURES.get(key);
          if (object === null) throw new Error(`There is no picture ${key}.`);
          const bytes = new Uint8Array(await object.arrayBuffer());
          const isPng = bytes[0] === 0x89;
          const options = { maxPixels: isPng && bytes[24] === 16 ? maxPixels / 2 : maxPixels };
          await CLEAN.put(key, await (isPng ? denoisePng : denoiseJpeg)(denoiser, bytes, options));
        }
        message.ack();
      } catch (error) {
        // After max_retries it goes into the dead-letter queue.
        console.error(`${key}: ${error.message}`);
        message.retry({ delaySeconds: 30 });
      }
    }
  },
};
