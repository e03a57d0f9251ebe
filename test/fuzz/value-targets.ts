/** What callers pass in JavaScript, where nothing has checked its types: pictures and options. */
import { decode } from "fast-png";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { estimateSigma } from "../../src/denoiser/sigma.ts";
import { DataError, ModelFileError, SpecError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { blend } from "../../src/pictures/blend.ts";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { loadPhotos, train } from "../../src/train.ts";
import { convModel } from "../support/conv-models.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";
import type { Target } from "./fuzzing.ts";
import { type Chance, type Json, mutateJson } from "./mutations.ts";

const denoiser = await createDenoiser({
  model: [convModel({ hidden: [4] }), convModel({ channels: 3, hidden: [4] })],
});

const arrays = [Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array] as const;
const others = [Int8Array, Uint32Array, Float64Array, BigInt64Array, Array, ArrayBuffer] as const;

/** Values that no picture and no option has, though some of them look like it. */
const oddValue = (chance: Chance): Json =>
  chance.pick<() => Json>([
    () => undefined,
    () => null,
    () => Number.NaN,
    () => -Infinity,
    () => Infinity,
    () => -1,
    () => 0,
    () => 0.5,
    () => 1,
    () => 2,
    () => 3,
    () => 7,
    () => 255.5,
    () => 1e39,
    () => 3.4e38,
    () => 2 ** 32,
    () => 2 ** 53,
    () => 4n,
    () => "4",
    () => "auto",
    () => "best",
    () => "\u001b[2J\u009b",
    () => Symbol("odd"),
    () => () => 4,
    () => [],
    () => [1, 0],
    () => [0, 1e-40],
    () => [0, 1e39],
    () => [0, 255, 1],
    () => ({}),
    () => Object.create(null),
    () => ({ valueOf: () => 4, toString: () => "4" }),
    () => ({ length: 16, byteLength: 16 }),
    () => Promise.resolve(4),
    () => new Date(0),
    () => new Map(),
    () => new Uint8Array(chance.below(70)),
    () => new (chance.pick(others) as Json)(chance.oneIn(2) ? 0 : 16),
  ])();

function valuesOf(length: number, chance: Chance): Json {
  const data: Json = new (chance.pick(arrays))(length).map(() => chance.below(256));
  if (data instanceof Float32Array && chance.oneIn(2))
    data[chance.below(length)] = chance.pick([
      Number.NaN,
      Infinity,
      -Infinity,
      3.4e38,
      -3.4e38,
      1e-45,
      0.5,
      -4,
    ]);
  if (chance.oneIn(20)) return new Uint8Array(new SharedArrayBuffer(length));
  if (chance.oneIn(20)) return Buffer.from(data);
  if (chance.oneIn(20)) structuredClone(data, { transfer: [data.buffer] });
  return data;
}

function makePicture(chance: Chance): Json {
  const [width, height, channels] = [1 + chance.below(20), 1 + chance.below(20), 1 + chance.below(4)];
  let picture: Json = { data: valuesOf(width * height * channels, chance), width, height, channels };
  if (chance.oneIn(2)) picture[chance.pick(["data", "width", "height", "channels"])] = oddValue(chance);
  if (chance.oneIn(8)) delete picture[chance.pick(Object.keys(picture))];
  if (chance.oneIn(20)) picture = oddValue(chance);
  return {
    picture,
    range: chance.oneIn(3)
      ? undefined
      : chance.pick([[0, 1], [0, 4095], [-1e30, 1e30], [10, 10.001], oddValue(chance)]),
    call: chance.below(7),
  };
}

const grey = { data: Uint8Array.from({ length: 144 }, (_, i) => (i * 67) % 256), width: 12, height: 12 };
const png = await encodePng(grey);
const jpeg = encodeJpeg(grey);
const text = [{ keyword: "Title", text: "t", language: "de", translated: "T" }];
const metadata = {
  icc: new Uint8Array(130),
  exif: new Uint8Array(16),
  xmp: new Uint8Array(10),
  density: { x: 72, y: 72, unit: "inch" },
  text,
  color: { gamma: 0.45 },
  orientation: 1,
};
const data = pictures(20, [4, 4]);
const recipe = smallRecipe({ size: [4, 4], units: [8, 16], epochs: 1 });

/** Functions with options, right ones, and whether a call ends at once. */
const calls: [name: string, options: Json, call: (options: Json) => unknown][] = [
  [
    "denoise",
    { sigma: 20, strength: 0.5, quality: "best", range: [0, 255], transfer: false },
    (o) => denoiser.denoise(grey, o),
  ],
  [
    "createDenoiser",
    { mode: "fast", threads: 1, model: encodeModel(convModel({ hidden: [4] })) },
    async (o) => {
      // Threads are real, and tested elsewhere.
      if (Number.isInteger(o?.threads) && o.threads > 1) return;
      (await createDenoiser(o)).dispose();
    },
  ],
  ["estimateSigma", { range: [0, 255] }, (o) => estimateSigma(grey, o)],
  ["decodePng", { maxPixels: 500 }, (o) => decodePng(png, "file", o)],
  ["decodeJpeg", { maxPixels: 500 }, (o) => decodeJpeg(jpeg, "file", o)],
  ["encodePng", { range: [0, 255], metadata }, async (o) => decode(await encodePng(grey, o))],
  [
    "encodeJpeg",
    { quality: 80, chroma: "4:2:0", range: [0, 255], metadata },
    (o) => decodeJpeg(encodeJpeg(grey, o), "copy"),
  ],
  ["blend", 0.5, (o) => blend(grey, grey, o)],
  [
    "loadPhotos",
    { channels: 1, width: 8, height: 8 },
    (o) => loadPhotos({ train: [grey], test: [{ ...grey, name: "a" }] }, o),
  ],
  [
    "train",
    { seed: 1, mode: "fast", threads: 1, onProgress: () => {} },
    async (o) => {
      if (Number.isInteger(o?.threads) && o.threads > 1) return;
      for await (const _ of train(recipe, data, o));
    },
  ],
];

export const valueTargets: Target[] = [
  {
    name: "picture",
    make: makePicture,
    take: async ({ picture, range, call }: { picture: Json; range: Json; call: number }) => {
      const options = { range };
      if (call === 0) await denoiser.denoise(picture, options);
      else if (call === 1) await denoiser.denoise(picture, { ...options, sigma: 15, quality: "best" });
      else if (call === 2) await denoiser.denoise(picture, { ...options, sigma: 15, transfer: true });
      else if (call === 3) estimateSigma(picture, options);
      else if (call === 4) await decodePng(await encodePng(picture, options), "copy");
      else if (call === 5) decodeJpeg(encodeJpeg(picture, options), "copy");
      else blend(picture, picture, 0.5);
    },
    errors: [DataError, SpecError],
  },
  {
    name: "options",
    make: (chance) => {
      const [name, options] = chance.pick(calls);
      const changed = chance.oneIn(20) ? oddValue(chance) : mutateOptions(options, chance);
      return { name, options: changed };
    },
    take: ({ name, options }: { name: string; options: Json }) =>
      calls.find(([other]) => other === name)![2](options),
    errors: [DataError, SpecError, ModelFileError],
  },
];

/** Functions are taken out of what is copied, and put back. */
function mutateOptions(options: Json, chance: Chance): Json {
  if (typeof options !== "object") return oddValue(chance);
  const { onProgress, ...plain } = options;
  const changed = mutateJson(plain, chance, oddValue);
  return onProgress && chance.oneIn(2) ? { ...changed, onProgress } : changed;
}
