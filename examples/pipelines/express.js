// A route of Express: app.use("/denoise", denoiseExpress()).
import { DenoiseError } from "denoise-wasm";
import express from "express";
import { optionsOf } from "./file.js";
import { busy, takePlace } from "./turns.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400, or 503 if too many wait, and `{ error }`. */
export function denoiseExpress({ limit = "8mb" } = {}) {
  const router = express.Router();
  // The place is taken before the file is read into memory.
  const admit = (_, response, next) => {
    const place = takePlace();
    if (!place) return response.status(503).set(busy.headers).json(busy.body);
    // Comes also when the answer has been sent.
    response.on("close", place.leave);
    response.locals.place = place;
    next();
  };
  router.post("/", admit, express.raw({ type: "image/*", limit }), async (request, response) => {
    try {
      const { type, bytes } = await response.locals.place.denoise(
        request.body ?? [],
        optionsOf(request.query),
      );
      response.type(type).send(Buffer.from(bytes));
    } catch (error) {
      // Who has left gets no answer.
      if (response.destroyed) return;
      if (!(error instanceof DenoiseError)) throw error;
      response.status(400).json({ error: error.message });
    }
  });
  return router;
}
