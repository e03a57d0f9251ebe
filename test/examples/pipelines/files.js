// node files.js FRAMES WIDTH HEIGHT: what examples/pipelines makes of noisy.jpg by sharp, and of a file of raw frames, as files;
// in said.json how a stream ends that is cut short, and the levels of the frames, alone and averaged over two.
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { estimateSigma } from "denoise-wasm";
import sharp from "sharp";
import { frameStream } from "./frame-stream.js";
import { denoiseSharp } from "./sharp.js";
import { steadyLevel } from "./steady-level.js";

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

const film = await readFile(frames);
const { sigma, ...shape } = size;
const bytes = 3 * shape.width * shape.height;
const pictures = [0, 1, 2].map((i) => ({ ...shape, data: film.subarray(i * bytes, (i + 1) * bytes) }));
const levelOf = steadyLevel(2);
const levels = { alone: pictures.map((picture) => estimateSigma(picture)), averaged: pictures.map(levelOf) };
await writeFile("said.json", JSON.stringify({ ended, levels }));
