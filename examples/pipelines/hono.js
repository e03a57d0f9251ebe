// A route of Hono, for Node, Deno, Bun and Cloudflare Workers: app.route("/denoise", denoiseHono()).
import { DenoiseError } from "denoise-wasm";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { optionsOf } from "./file.js";
import { busy, takePlace } from "./turns.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400, or 503 if too many wait, and `{ error }`. */
export function denoiseHono({ maxSize = 8 * 2 ** 20 } = {}) {
  // The place is taken before the file is read into memory.
  const admit = async (context, next) => {
    const place = takePlace();
    if (!place) return context.json(busy.body, 503, busy.headers);
    context.set("place", place);
    context.req.raw.signal.addEventListener("abort", place.leave);
    try {
      await next();
    } finally {
      place.leave();
    }
  };
  return new Hono().post("/", admit, bodyLimit({ maxSize }), async (context) => {
    try {
      const body = new Uint8Array(await context.req.arrayBuffer());
      const { type, bytes } = await context.get("place").denoise(body, optionsOf(context.req.query()));
      return context.body(bytes, 200, { "content-type": type });
    } catch (error) {
      // Who has left gets no answer.
      if (context.req.raw.signal.aborted) return context.body(null);
      if (!(error instanceof DenoiseError)) throw error;
      return context.json({ error: error.message }, 400);
    }
  });
}
