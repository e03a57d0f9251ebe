/** What packages for pictures in Node give goes into `denoise`, and what comes out goes back to them, without a cast. */
import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import * as napi from "@napi-rs/canvas";
import { createDenoiser } from "denoise-wasm";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import sharp from "sharp";

const denoiser = await createDenoiser();
const file = readFileSync("noisy.png");
const options = { sigma: 25 };

const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
const clean = await denoiser.denoise({ data, ...info }, options);
await sharp(clean.data, { raw: clean }).png().toFile("sharp.png");

const png = PNG.sync.read(file);
png.data = (await denoiser.denoise(png, options)).data;
writeFileSync("pngjs.png", PNG.sync.write(png));

const photo = jpeg.decode(jpeg.encode(PNG.sync.read(file), 95).data);
const small = jpeg.encode(await denoiser.denoise(photo, options), 90);
assert.equal(jpeg.decode(small.data).width, photo.width);
// As a Uint8Array too.
jpeg.encode(await denoiser.denoise(jpeg.decode(small.data, { useTArray: true })), 90);

const image = await napi.loadImage(file);
const canvas = napi.createCanvas(image.width, image.height);
const context = canvas.getContext("2d");
context.drawImage(image, 0, 0);
const drawn = await denoiser.denoise(context.getImageData(0, 0, image.width, image.height), options);
context.putImageData(new napi.ImageData(drawn.data, drawn.width, drawn.height), 0, 0);
writeFileSync("napi.png", canvas.toBuffer("image/png"));
