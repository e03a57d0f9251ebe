/**
 * Shows what the denoiser makes of pictures with real noise, everything at its default:
 *
 *     node bench/run.js contact-sheet --real FOLDER… [--model FILE] [--count 12] [--out build/contact-sheet]
 *
 * --real names folders of pairs NAME_noisy.png and NAME_clean.png, or of noisy pictures alone. Of all pictures, `count` are
 * taken at equal distances. Each becomes a file with the picture before, after, and the difference: four times after
 * minus before, around a grey of 128. What should be seen there is noise alone: lines of the picture are lost detail. The
 * pictures are for looking at; they are not committed. What is printed of each has its hatch: see `hatchOf`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { encodePng, type Picture, readPhotos } from "../src/node.ts";
import { pictureRows, psnr } from "../src/train.ts";
import { hatchOf } from "./hatch.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    real: { type: "string", multiple: true, default: [] },
    model: { type: "string" },
    count: { type: "string", default: "12" },
    out: { type: "string", default: "build/contact-sheet" },
  },
});

/** How many times the difference is enlarged. */
const TIMES = 4;
const CLEAN = /_clean\.\w+$/;

const all: Awaited<ReturnType<typeof readPhotos>> = [];
for (const folder of options.real) all.push(...(await readPhotos(folder)));
const noisy = all.filter(({ name }) => !CLEAN.test(name));
const count = Math.min(Number(options.count), noisy.length);
const chosen = Array.from({ length: count }, (_, i) => noisy[Math.floor((i * noisy.length) / count)]!);

const model = options.model === undefined ? undefined : readFileSync(options.model);
using denoiser = await createDenoiser({ model });
mkdirSync(options.out, { recursive: true });
for (const [index, { name, ...before }] of chosen.entries()) {
  const clean = all.find(
    (other) => other.name === name.replace("_noisy.", "_clean.") && CLEAN.test(other.name),
  );
  const { sigma, ...after } = await denoiser.denoise(before);
  const label = basename(name).replace(/(_noisy)?\.\w+$/, "");
  const quality = clean ? `, ${decibels(before, clean)} to ${decibels(after, clean)} dB` : "";
  const sheet = pictureRows(
    [{ label: "", pictures: [before.data, after.data, differenceOf(before, after)] }],
    {
      ...before,
      columnLabels: ["before", `after, level ${sigma.toFixed(1)}${quality}`, `difference, ${TIMES} ×`],
      scale: 1,
    },
  );
  const file = join(options.out, `${String(index + 1).padStart(2, "0")}-${label}.png`);
  writeFileSync(file, await encodePng(sheet));
  const hatch = [before, { ...before, data: after.data }].map((picture) => hatchOf(picture).toFixed(2));
  console.log(`${file}: level ${sigma.toFixed(1)}${quality}; hatch ${hatch.join(" before, ")} after`);
}

function decibels({ data }: Picture, clean: Picture): string {
  return psnr(data, clean.data).toFixed(2);
}

function differenceOf(before: Picture, after: Picture): Uint8ClampedArray {
  return Uint8ClampedArray.from(before.data, (value, i) => 128 + TIMES * (after.data[i]! - value));
}
