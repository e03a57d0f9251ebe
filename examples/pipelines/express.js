// A route of Express: app.use("/denoise", denoiseExpress()).
import { DenoiseError } from "denoise-wasm";
import express from "express";
import { denoiseFile, optionsOf } from "./file.js";

/** Answers a POST of a PNG or JPEG file with the denoised file, and what is wrong with 400 and `{ error }`. */
export function denoiseExpress({ limit = "8mb" } = {}) {
  const router = express.Router();
  router.post("/", express.raw({ type: "image/*", limit }), async (request, response) => {
    try {
      const { type, bytes } = await denoiseFile(request.body ?? [], optionsOf(request.query));
      response.type(type).send(Buffer.from(bytes));
    } catch (error) {
      if (!(error instanceof DenoiseError)) throw error;
      response.status(400).json({ error: error.message });
    }
  });
  return router;
}
