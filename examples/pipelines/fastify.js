// A plugin of Fastify: app.register(denoiseFastify, { prefix: "/denoise" }).
import { DenoiseError } from "denoise-wasm";
import { denoiseFile, optionsOf } from "./file.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400 and `{ error }`. */
export async function denoiseFastify(app, { bodyLimit = 8 * 2 ** 20 } = {}) {
  app.addContentTypeParser(/^image\//, { parseAs: "buffer", bodyLimit }, (_, body, done) => done(null, body));
  app.post("/", { bodyLimit }, async ({ body, query }, reply) => {
    try {
      const { type, bytes } = await denoiseFile(body ?? [], optionsOf(query));
      return reply.type(type).send(Buffer.from(bytes));
    } catch (error) {
      if (!(error instanceof DenoiseError)) throw error;
      return reply.code(400).send({ error: error.message });
    }
  });
}
