// The same as a consumer of a Cloudflare Queue: its messages name objects of one R2 bucket, PICTURES, and the results go into
// another, CLEAN. In wrangler.toml: [[queues.consumers]] with queue, max_batch_size, max_retries and dead_letter_queue, and two [[r2_buckets]].
import { createDenoiser } from "denoise-wasm";
import { denoiseJpeg } from "denoise-wasm/jpeg";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();

export default {
  async queue({ messages }, { PICTURES, CLEAN }) {
    for (const message of messages) {
      const key = message.body;
      try {
        // A message may come twice. A result is there whole or not at all.
        if ((await CLEAN.head(key)) === null) {
          const object = await PICTURES.get(key);
          if (object === null) throw new Error(`There is no picture ${key}.`);
          const bytes = new Uint8Array(await object.arrayBuffer());
          await CLEAN.put(key, await (bytes[0] === 0x89 ? denoisePng : denoiseJpeg)(denoiser, bytes));
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
