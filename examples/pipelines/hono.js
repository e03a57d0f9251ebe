// A route of Hono, for Node, Deno, Bun and Cloudflare Workers: app.route("/denoise", denoiseHono()).
import { DenoiseError } from "denoise-wasm";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { denoiseFile, optionsOf } from "./file.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400 and `{ error }`. */
export function denoiseHono({ maxSize = 8 * 2 ** 20 } = {}) {
  return new Hono().post("/", bodyLimit({ maxSize }), async (context) => {
    try {
      const body = new Uint8Array(await context.req.arrayBuffer());
      const { type, bytes } = await denoiseFile(body, optionsOf(context.req.query()));
      return context.body(bytes, 200, { "content-type": type });
    } catch (error) {
      if (!(error instanceof DenoiseError)) throw error;
      return context.json({ error: error.message }, 400);
    }
  });
}
