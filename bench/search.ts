/**
 * Compares networks for grey photographs, each trained for the same processor time on one thread:
 *
 *     node bench/run.js search --pictures FOLDER… [--only NAME]… [--minutes 5]
 *     node bench/run.js search
 *
 * The names are those of `candidates`; without --only all are trained, one after the other. Files of one photograph have
 * names that are alike up to their second hyphen. Every twelfth photograph is kept for the measurement, with all its
 * files. The PSNR in dB is the mean over the middle 192×192 pixels of one picture of each, with Gaussian noise whose level
 * the network is told.
 *
 * Each row replaces the one of that name in bench/results/search.json. At the end, and without --pictures alone, all rows
 * are printed and drawn as docs/search.svg.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { withChannels } from "../src/data/photos.ts";
import type { Denoiser } from "../src/denoiser/denoiser.ts";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { layerShapes, multiplicationsOf } from "../src/network/spec.ts";
import { readPhotos } from "../src/node.ts";
import {
  loadPhotos,
  type Picture,
  Purpose,
  parameterCount,
  psnr,
  Random,
  type TrainingData,
  train,
} from "../src/train.ts";
import { addTable } from "./report.ts";
import { scatterChart } from "./scatter.ts";
import { type Candidate, candidates, recipeOf } from "./search-networks.ts";

const RESULTS = "bench/results/search.json";
const CHART = "docs/search.svg";
const LEVELS = [15, 25, 50] as const;
/** The side of the part of each picture that is measured, in pixels. */
const SIDE = 192;
/** One photograph in this many is kept for the measurement. */
const KEPT = 12;

type Bytes = Required<Picture<Uint8Array>>;
type Photographs = Awaited<ReturnType<typeof photographs>>;

/** What was found of a network. */
interface Row {
  readonly name: string;
  readonly parameters: number;
  readonly multiplicationsPerPixel: number;
  /** Processor time of the training. */
  readonly minutes: number;
  /** Pixels that the network was trained on, in thousand millions. */
  readonly gigapixels: number;
  /** The mean PSNR in dB by the standard deviation of the noise. */
  readonly psnr: Readonly<Record<(typeof LEVELS)[number], number>>;
}

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    pictures: { type: "string", multiple: true, default: [] },
    only: { type: "string", multiple: true },
    minutes: { type: "string", default: "5" },
  },
});

const rows: Row[] = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")).rows : [];
if (options.pictures.length > 0) {
  const data = await photographs(options.pictures);
  for (const candidate of candidates.filter(({ name }) => options.only?.includes(name) ?? true)) {
    const row = await measure(candidate, data, Number(options.minutes));
    const place = rows.findIndex(({ name }) => name === row.name);
    rows.splice(place < 0 ? rows.length : place, place < 0 ? 0 : 1, row);
    const lines = rows.map((one) => `  ${JSON.stringify(one)}`);
    writeFileSync(RESULTS, `{ "rows": [\n${lines.join(",\n")}\n] }\n`);
  }
}
addTable(
  "networks, and the PSNR in dB by the level of the noise",
  rows.map(({ psnr, ...row }) => ({
    ...row,
    ...Object.fromEntries(LEVELS.map((σ) => [`σ ${σ}`, psnr[σ].toFixed(2)])),
  })),
);
writeFileSync(
  CHART,
  scatterChart({
    title: "Networks for photographs after some minutes of training",
    x: "multiplications a pixel",
    y: "PSNR in dB at σ = 25",
    // Rows that were given clearly more time than others cannot be compared with them.
    points: rows.map(({ name, multiplicationsPerPixel, psnr, minutes }) => {
      return { label: `${name}, ${minutes} min`, x: multiplicationsPerPixel, y: psnr[25] };
    }),
  }),
);
console.log(`\nDrew ${CHART}.`);

/** The pictures to train on, and those to measure on: no photograph has pictures among both. */
async function photographs(folders: readonly string[]): Promise<{ data: TrainingData; kept: Bytes[] }> {
  const all: (Bytes & { photograph: string })[] = [];
  for (const folder of folders) {
    for (const { name, ...picture } of await readPhotos(folder)) {
      const photograph = /^[^-]*-[^-.]*/.exec(basename(name))?.[0] ?? name;
      all.push({ ...withChannels(picture, 1), photograph });
    }
  }
  const names = [...new Set(all.map(({ photograph }) => photograph))].sort();
  const isKept = new Set(names.filter((_, index) => index % KEPT === 0));
  const kept = [...isKept].map((name) => middleOf(all.find(({ photograph }) => photograph === name)!));
  const train = all.filter(({ photograph }) => !isKept.has(photograph));
  const data = await loadPhotos({ train, test: kept }, recipeOf(candidates[0]!, 1).spec.input);
  return { data, kept };
}

/** The middle of a picture. */
function middleOf({ data, width, height }: Bytes): Bytes {
  const [left, top] = [(width - SIDE) >> 1, (height - SIDE) >> 1];
  if (left < 0 || top < 0)
    throw new Error(`A picture of ${width}×${height} pixels is too small to measure on.`);
  const part = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    return data[(top + Math.floor(i / SIDE)) * width + left + (i % SIDE)]!;
  });
  return { data: part, width: SIDE, height: SIDE, channels: 1 };
}

/** Trains a network for so many minutes of processor time, and measures it. */
async function measure(candidate: Candidate, { data, kept }: Photographs, minutes: number): Promise<Row> {
  const { spec, patchesPerEpoch } = recipeOf(candidate, 1);
  const epochs = Math.max(3, Math.round((60 * minutes) / (await secondsPerEpoch(candidate, data))));
  const start = processorSeconds();
  const run = train(recipeOf(candidate, epochs), data, { mode: "fast", threads: 1 });
  for await (const { number, loss } of run) {
    if (number % Math.ceil(epochs / 10) === 0)
      console.error(`${candidate.name}: ${number} of ${epochs}, ${loss}`);
  }
  const used = (processorSeconds() - start) / 60;
  using denoiser = await createDenoiser({ model: await run.model(), mode: "fast" });
  const means = LEVELS.map(async (sigma) => [sigma, await meanPsnr(denoiser, kept, sigma)]);
  const pixels = spec.input.height * spec.input.width;
  const multiplications = layerShapes(spec).reduce((sum, layer) => sum + multiplicationsOf(layer, spec), 0);
  return {
    name: candidate.name,
    parameters: parameterCount(spec),
    multiplicationsPerPixel: multiplications / pixels,
    minutes: rounded(used, 1),
    gigapixels: rounded((epochs * patchesPerEpoch! * pixels) / 1e9, 2),
    psnr: Object.fromEntries(await Promise.all(means)),
  };
}

/** The processor time of an epoch, from some of a training that is then given up; the first one warms up. */
async function secondsPerEpoch(candidate: Candidate, data: TrainingData): Promise<number> {
  const EPOCHS = 4;
  let start = 0;
  for await (const { number } of train(recipeOf(candidate, 1 + EPOCHS), data, { mode: "fast", threads: 1 })) {
    if (number === 1) start = processorSeconds();
  }
  return (processorSeconds() - start) / EPOCHS;
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function meanPsnr(denoiser: Denoiser, pictures: readonly Bytes[], sigma: number): Promise<number> {
  let sum = 0;
  for (const [index, clean] of pictures.entries()) {
    const noisy = new Float32Array(clean.data.length);
    new Random(7, Purpose.testNoise, index).fillNormal(noisy, sigma);
    for (const [i, value] of clean.data.entries()) noisy[i]! += value;
    const { data } = await denoiser.denoise({ ...clean, data: noisy }, { sigma });
    sum += psnr(new Uint8ClampedArray(data), clean.data);
  }
  return rounded(sum / pictures.length, 3);
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
