// node files.js FRAMES WIDTH HEIGHT: what examples/pipelines makes of noisy.jpg by sharp, and of a file of raw frames, as files.
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import sharp from "sharp";
import { frameStream } from "./frame-stream.js";
import { denoiseSharp } from "./sharp.js";

const [, , frames, width, height] = process.argv;
const clean = await denoiseSharp(sharp("noisy.jpg"), { sigma: 25 });
await clean.clone().keepMetadata().png().toFile("by-sharp.png");
await clean.clone().resize(16).webp().toFile("small.webp");

const size = { width: Number(width), height: Number(height), channels: 3, sigma: 25 };
// In pieces that do not end where frames do.
await pipeline(
  createReadStream(frames, { highWaterMark: 1000 }),
  frameStream(size),
  createWriteStream(`${frames}.clean`),
);
const ended = await pipeline(
  createReadStream("noisy.jpg"),
  frameStream(size),
  createWriteStream("none"),
).catch(({ message }) => message);
console.log(ended);
