// A plugin of Fastify: app.register(denoiseFastify, { prefix: "/denoise" }).
import { DenoiseError } from "denoise-wasm";
import { optionsOf } from "./file.js";
import { busy, takePlace } from "./turns.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400, or 503 if too many wait, and `{ error }`. */
export async function denoiseFastify(app, { bodyLimit = 8 * 2 ** 20 } = {}) {
  app.addContentTypeParser(/^image\//, { parseAs: "buffer", bodyLimit }, (_, body, done) => done(null, body));
  app.decorateRequest("place");
  // Before the file is read into memory.
  const onRequest = async (request, reply) => {
    request.place = takePlace();
    if (!request.place) return reply.code(503).headers(busy.headers).send(busy.body);
    // Comes also when the answer has been sent.
    reply.raw.on("close", request.place.leave);
  };
  app.post("/", { bodyLimit, onRequest }, async ({ body, query, place }, reply) => {
    try {
      const { type, bytes } = await place.denoise(body ?? [], optionsOf(query));
      return reply.type(type).send(Buffer.from(bytes));
    } catch (error) {
      // Who has left gets no answer.
      if (reply.raw.destroyed) return reply.hijack();
      if (!(error instanceof DenoiseError)) throw error;
      return reply.code(400).send({ error: error.message });
    }
  });
}
