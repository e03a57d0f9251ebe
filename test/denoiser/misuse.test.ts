/** What people do wrong, also from plain JavaScript: each has a typed error that says what is wrong. */
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { blend, estimateSigma } from "../../src/index.ts";
import { decodeJpeg, denoiseJpeg, encodeJpeg } from "../../src/jpeg.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { loadModel, loadPhotosFrom, readPicture, saveModel } from "../../src/node.ts";
import { decodePng, denoisePng, encodePng } from "../../src/png.ts";
import {
  addNoise,
  decodeCheckpoint,
  evaluateModel,
  fineTuning,
  parseIdx,
  recipes,
  resume,
  runModel,
  train,
} from "../../src/train.ts";
import { convModel } from "../support/conv-models.ts";

// biome-ignore lint/suspicious/noExplicitAny: what JavaScript passes
type Anything = any;

const model = convModel({ white: 255 });
const denoiser = await createDenoiser({ model });
const data = Uint8Array.from({ length: 64 }, (_, i) => 4 * i);
const picture = { data, width: 8, height: 8 };
const floats = Float32Array.from(data);
const file = await encodePng(picture);
const jpeg = encodeJpeg(picture);
const images = { data, count: 1, height: 8, width: 8, channels: 1 };
const huge = new Float32Array(64).fill(1e38);

const create = (options: Anything) => () => createDenoiser(options);
const denoise = (given: Anything, options?: Anything) => () => denoiser.denoise(given, options);
const estimate = (given: Anything, options?: Anything) => async () => estimateSigma(given, options);

const run =
  (change: Anything, options: Anything = { sigma: 5 }) =>
  () =>
    runModel(model, { ...images, ...change }, options);
const bytes = (length: number) => new Uint8Array(length);
const dense = recipes["fashion-autoencoder"];
const digest = "0".repeat(64);
const pictures = { data: bytes(784), count: 1, height: 28, width: 28, channels: 1 };
const trainOn = (change: Anything) => async () =>
  train({ ...dense, batch: 1 }, { name: "some", sha256: digest, train: { ...pictures, ...change } });
const recipe = (change: Anything) => async () =>
  train({ ...dense, ...change }, { name: "some", sha256: digest, train: pictures });
const optimizer = (change: object) => recipe({ optimizer: { ...dense.optimizer, ...change } });
const photos = (count: number, change: Anything = {}): Anything => {
  const photo = { data: bytes(64 * 64), width: 64, height: 64, channels: 1, ...change };
  return { name: "some", sha256: digest, train: { photos: [photo], count, channels: 1 } };
};
/** A model whose weights are within the limit, and their products are not. */
const overflowing = () => {
  const deep = convModel({ hidden: [16, 16, 16, 16] });
  const huge = ([name, values]: [string, Float32Array]) => [name, values.map(() => 1e9)] as const;
  return { ...deep, parameters: new Map([...deep.parameters].map(huge)) };
};

const noisy =
  (noise: Anything, count = 1) =>
  async () =>
    addNoise({ ...images, count }, noise, 1, 0);

const cases: [string, () => Promise<unknown>, string, RegExp][] = [
  ["options that are null", create(null), "SpecError", /^options has to be an object, but is null/],
  ["options that are a text", create("photo"), "SpecError", /^options .* "photo"/],
  ["an option that there is not", create({ Mode: "fast" }), "SpecError", /^There is no option "Mode"/],
  [
    "mode",
    create({ mode: "turbo" }),
    "SpecError",
    /^mode has to be "fast" or "reproducible", but is "turbo"/,
  ],
  [
    "threads of 1.5",
    create({ threads: 1.5 }),
    "SpecError",
    /^threads has to be a whole number .* but is 1.5/,
  ],
  ["threads as a text", create({ threads: "2" }), "SpecError", /^threads .* "2"/],
  ["a billion threads", create({ threads: 1e9 }), "SpecError", /^threads .* from 1 to 512/],
  ["no threads", create({ threads: 0 }), "SpecError", /^threads/],
  ["a model that is null", create({ model: null }), "SpecError", /^model .* null/],
  ["a model that is a number", create({ model: 5 }), "SpecError", /^model .* 5/],
  [
    "a promise of a model",
    create({ model: Promise.resolve(model) }),
    "SpecError",
    /^model .* a promise: await it/,
  ],
  ["a promise of a response", create({ model: Promise.resolve(new Response()) }), "SpecError", /await it/],
  [
    "a file that is not there",
    create({ model: "none.safetensors" }),
    "ModelFileError",
    /^none\.safetensors cannot be read/,
  ],
  ["an address that is none", create({ model: "http://[" }), "ModelFileError", /^http:\/\/\[ cannot be read/],
  ["a response that was read", create({ model: await readResponse() }), "ModelFileError", /cannot be read/],
  ["a model that is a picture", create({ model: picture }), "ModelFileError", /./],
  [
    "a model that is a web page",
    create({ model: new Response("<!doctype html>") }),
    "ModelFileError",
    /web page/,
  ],
  [
    "the bytes of a web page as a model",
    create({ model: new TextEncoder().encode("\n<html>Not found</html>") }),
    "ModelFileError",
    /web page/,
  ],
  ["a picture's file as a model", create({ model: file }), "ModelFileError", /^the model/],
  [
    "weights of another precision",
    create({ model: encodedAs("BF16") }),
    "ModelFileError",
    /"layer\d\.\w+" .*BF16.*F32/,
  ],
  [
    "an answer of status 404",
    create({ model: new Response("no", { status: 404 }) }),
    "ModelFileError",
    /404/,
  ],
  ["a stream that is being read", create({ model: lockedStream() }), "ModelFileError", /cannot be read/],
  ["no models", create({ model: [] }), "SpecError", /^model has to be one model or more/],
  ["a promise among models", create({ model: [model, Promise.resolve(model)] }), "SpecError", /await it/],
  ["a promise of wasm", create({ wasm: Promise.resolve(5) }), "UnsupportedRuntimeError", /WebAssembly/],
  ["a promise of a mode", create({ mode: Promise.resolve("fast") }), "SpecError", /^mode .*await it/],
  ["a promise of options", create(Promise.resolve({ mode: "turbo" })), "SpecError", /await it/],
  ["wasm that is none", create({ wasm: new Uint8Array(8) }), "UnsupportedRuntimeError", /WebAssembly/],

  ["no picture", denoise(undefined), "DataError", /data has to be .* undefined/],
  ["null as a picture", denoise(null), "DataError", /data has to be/],
  ["a text as a picture", denoise("photo.jpg"), "DataError", /data has to be/],
  ["a promise of a picture", denoise(Promise.resolve(picture)), "DataError", /a promise: await it/],
  [
    "a promise of data",
    denoise({ ...picture, data: Promise.resolve(data) }),
    "DataError",
    /a promise: await it/,
  ],
  ["data that is null", denoise({ ...picture, data: null }), "DataError", /is null/],
  ["data in a list", denoise({ ...picture, data: [...data] }), "DataError", /Uint16Array/],
  ["data in a DataView", denoise({ ...picture, data: new DataView(data.buffer) }), "DataError", /DataView/],
  ["data in an ArrayBuffer", denoise({ ...picture, data: data.buffer }), "DataError", /ArrayBuffer/],
  ["data of doubles", denoise({ ...picture, data: new Float64Array(64) }), "DataError", /Float64Array/],
  ["signed data", denoise({ ...picture, data: new Int16Array(64) }), "DataError", /Int16Array/],
  ["data that is too short", denoise({ ...picture, data: data.subarray(1) }), "DataError", /63 values/],
  ["data that is too long", denoise({ ...picture, width: 7 }), "DataError", /64 values/],
  ["data that was handed over", denoise({ ...picture, data: detached() }), "DataError", /0 values/],
  ["no data", denoise({ ...picture, data: new Uint8Array() }), "DataError", /0 values/],
  [
    "data that looks like an array",
    denoise({ ...picture, data: { [Symbol.toStringTag]: "Uint8Array", length: 64 } }),
    "DataError",
    /data has to be/,
  ],
  ["a width as a text", denoise({ ...picture, width: "8" }), "DataError", /size is "8" × 8/],
  ["a width that is a symbol", denoise({ ...picture, width: Symbol("w") }), "DataError", /Symbol\(w\)/],
  ["a width that is a bigint", denoise({ ...picture, width: 8n }), "DataError", /size is 8/],
  ["no height", denoise({ data, width: 8 }), "DataError", /undefined/],
  ["channels that are null", denoise({ ...picture, channels: null }), "DataError", /× null/],
  ["channels as a text", denoise({ ...picture, channels: "1" }), "DataError", /× "1"/],
  [
    "5 channels",
    denoise({ data: new Uint8Array(320), width: 8, height: 8, channels: 5 }),
    "DataError",
    /× 5/,
  ],
  [
    "pixels of 3.4e38",
    denoise({ ...picture, data: new Float32Array(64).fill(3.4e38) }),
    "DataError",
    /value 0 is 3\.39/,
  ],
  [
    "a pixel of 1e38",
    denoise({ ...picture, data: floats.with(9, 1e38) }, { sigma: 9 }),
    "DataError",
    /value 9/,
  ],
  [
    "a pixel that is NaN",
    denoise({ ...picture, data: floats.with(9, Number.NaN) }),
    "DataError",
    /value 9 is NaN/,
  ],
  [
    "fractions without a range",
    denoise({ ...picture, data: floats.map((v) => v / 255) }),
    "DataError",
    /`range`/,
  ],
  [
    "fractions of another range",
    denoise({ ...picture, data: floats }, { range: [0, 1e-6] }),
    "DataError",
    /value 1 /,
  ],

  ["denoise's options that are null", denoise(picture, null), "SpecError", /^options/],
  ["denoise's options that are a number", denoise(picture, 25), "SpecError", /^options .* 25/],
  ["denoise's options in a list", denoise(picture, [25]), "SpecError", /^options .* \[25\]/],
  ["Sigma", denoise(picture, { Sigma: 25 }), "SpecError", /^There is no option "Sigma"/],
  ["sigma as a text", denoise(picture, { sigma: "25" }), "SpecError", /^sigma has to be .* but is "25"/],
  [
    "sigma of 1e39",
    denoise(picture, { sigma: 1e39 }),
    "SpecError",
    /^sigma .* from 0 to 1000, but is 1e\+39/,
  ],
  ["sigma below 0", denoise(picture, { sigma: -1 }), "SpecError", /^sigma/],
  ["sigma that is a bigint", denoise(picture, { sigma: 25n }), "SpecError", /^sigma .* 25/],
  ["sigma that is a symbol", denoise(picture, { sigma: Symbol("s") }), "SpecError", /^sigma .* Symbol\(s\)/],
  [
    "sigma in an object without a text",
    denoise(picture, { sigma: Object.create(null) }),
    "SpecError",
    /^sigma/,
  ],
  ["a promise of sigma", denoise(picture, { sigma: Promise.resolve(25) }), "SpecError", /^sigma .*await it/],
  ["a promise of denoise's options", denoise(picture, Promise.resolve({})), "SpecError", /await it/],
  ["a signal as options", denoise(picture, AbortSignal.abort()), "SpecError", /^options .*AbortSignal/],
  ["strength of 2", denoise(picture, { strength: 2 }), "SpecError", /^strength .* from 0 to 1, but is 2/],
  [
    "quality",
    denoise(picture, { quality: "fast" }),
    "SpecError",
    /^quality has to be "standard" or "best", but is "fast"/,
  ],
  ["a range the wrong way round", denoise(picture, { range: [255, 0] }), "SpecError", /^range .* \[255,0\]/],
  ["a range of one value", denoise(picture, { range: [7, 7] }), "SpecError", /^range/],
  ["a range of texts", denoise(picture, { range: ["0", "1"] }), "SpecError", /^range/],
  ["a range that is a number", denoise(picture, { range: 1 }), "SpecError", /^range .* 1\./],
  ["an infinite range", denoise(picture, { range: [0, Infinity] }), "SpecError", /^range/],
  ["a range that overflows", denoise(picture, { range: [-1e308, 1e308] }), "SpecError", /^range/],
  ["a range that is too small", denoise(picture, { range: [0, 1e-320] }), "SpecError", /^range/],
  ["three values in a range", denoise(picture, { range: [0, 1, 2] }), "SpecError", /^range/],
  ["transfer", denoise(picture, { transfer: "yes" }), "SpecError", /^transfer .* "yes"/],
  [
    "a signal that is its controller",
    denoise(picture, { signal: new AbortController() }),
    "SpecError",
    /^signal .* AbortController/,
  ],
  ["a signal that is null", denoise(picture, { signal: null }), "SpecError", /^signal .* null/],
  ["onProgress", denoise(picture, { onProgress: "log" }), "SpecError", /^onProgress .* "log"/],
  ["characters that a terminal obeys", denoise(picture, { "\u001b[2J": 1 }), "SpecError", /^[^\p{Cc}]*$/u],

  ["estimateSigma of nothing", estimate(undefined), "DataError", /data has to be/],
  ["estimateSigma's options", estimate(picture, { Range: [0, 1] }), "SpecError", /"Range"/],
  ["estimateSigma's range", estimate(picture, { range: [1, 0] }), "SpecError", /^range/],
  ["blend's strength", async () => blend(picture, picture, 2), "SpecError", /^strength/],
  ["blend of nothing", async () => blend(picture, null as Anything, 1), "DataError", /data has to be/],

  ["decodePng of nothing", () => decodePng(undefined as Anything, "a"), "DataError", /^a is not a PNG/],
  ["decodePng of a text", () => decodePng("a.png" as Anything, "a"), "DataError", /^a is not a PNG/],
  [
    "decodePng's options",
    () => decodePng(file, "a", { MaxPixels: 1 } as Anything),
    "SpecError",
    /"MaxPixels"/,
  ],
  [
    "maxPixels of NaN",
    () => decodePng(file, "a", { maxPixels: Number.NaN }),
    "SpecError",
    /^maxPixels .* NaN/,
  ],
  [
    "maxPixels as a text",
    () => decodePng(file, "a", { maxPixels: "9" as Anything }),
    "SpecError",
    /^maxPixels .* "9"/,
  ],
  ["encodePng of nothing", () => encodePng(undefined as Anything), "DataError", /data has to be/],
  ["encodePng's options", () => encodePng(picture, { level: 9 } as Anything), "SpecError", /"level"/],
  [
    "denoisePng of nothing",
    () => denoisePng(denoiser, undefined as Anything),
    "SpecError",
    /^bytes .* undefined/,
  ],
  [
    "denoisePng of a promise",
    () => denoisePng(denoiser, Promise.resolve(file) as Anything),
    "SpecError",
    /await it/,
  ],
  [
    "denoisePng of a path",
    () => denoisePng(denoiser, "a.png" as Anything),
    "SpecError",
    /^bytes .* "a\.png"/,
  ],
  [
    "denoisePng's options",
    () => denoisePng(denoiser, file, { Sigma: 1 } as Anything),
    "SpecError",
    /"Sigma"/,
  ],
  [
    "denoisePng's maxPixels",
    () => denoisePng(denoiser, file, { maxPixels: Number.NaN }),
    "SpecError",
    /^maxPixels/,
  ],

  [
    "decodeJpeg of nothing",
    async () => decodeJpeg(undefined as Anything, "a"),
    "DataError",
    /^a is not a JPEG/,
  ],
  [
    "decodeJpeg of a promise",
    async () => decodeJpeg(Promise.resolve() as Anything, "a"),
    "DataError",
    /^a is not/,
  ],
  [
    "decodeJpeg's options",
    async () => decodeJpeg(jpeg, "a", { MaxPixels: 1 } as Anything),
    "SpecError",
    /"MaxPixels"/,
  ],
  ["encodeJpeg of nothing", async () => encodeJpeg(undefined as Anything), "DataError", /data has to be/],
  [
    "encodeJpeg's quality",
    async () => encodeJpeg(picture, { quality: "90" as Anything }),
    "SpecError",
    /^quality .* "90"/,
  ],
  ["encodeJpeg's chroma", async () => encodeJpeg(picture, { chroma: 4 as Anything }), "SpecError", /^chroma/],
  [
    "denoiseJpeg of a path",
    () => denoiseJpeg(denoiser, "a.jpg" as Anything),
    "SpecError",
    /^bytes .*"a\.jpg"/,
  ],
  [
    "denoiseJpeg's options",
    () => denoiseJpeg(denoiser, jpeg, { Quality: 1 } as Anything),
    "SpecError",
    /"Quality"/,
  ],

  ["readPicture of nothing", () => readPicture(undefined as Anything), "DataError", /cannot be read/],
  [
    "readPicture's options",
    () => readPicture("docs/page.png", { maxpixels: 1 } as Anything),
    "SpecError",
    /"maxpixels"/,
  ],
  [
    "readPicture of bytes",
    () => readPicture(file as Anything),
    "DataError",
    /^\[object Uint8Array\] cannot be read: .*decodePng/,
  ],
  ["readPicture of a promise", () => readPicture(Promise.resolve("a") as Anything), "DataError", /await it/],
  ["loadModel of a promise", () => loadModel(Promise.resolve("a") as Anything), "ModelFileError", /await it/],
  ["saveModel of null", () => saveModel(null as Anything, "/nowhere/a"), "SpecError", /^model .* null/],
  ["encodeModel of no model", async () => encodeModel({} as Anything), "SpecError", /^model .* \{\}/],
  ["decodeModel of a text", async () => decodeModel("a" as Anything, "a"), "SpecError", /^bytes .* "a"/],
  [
    "decodeCheckpoint of nothing",
    () => decodeCheckpoint(null as Anything, "a"),
    "SpecError",
    /^bytes .* null/,
  ],
  [
    "parseIdx of a promise",
    async () => parseIdx(Promise.resolve() as Anything, "a"),
    "SpecError",
    /await it/,
  ],
  [
    "loadPhotosFrom of nothing",
    () => loadPhotosFrom(undefined as Anything, { height: 64, width: 64, channels: 3 }),
    "SpecError",
    /^folders .* undefined/,
  ],
  [
    "fineTuning of nothing",
    async () => fineTuning(undefined as Anything),
    "SpecError",
    /^model .* undefined/,
  ],
  ["fineTuning of a promise", async () => fineTuning(Promise.resolve() as Anything), "SpecError", /await it/],
  [
    "resume of null",
    async () => resume(null as Anything, {} as Anything),
    "SpecError",
    /^checkpoint .* null/,
  ],
  ["addNoise to less than its count", noisy({ model: "gaussian", sigma: 5 }, 2), "DataError", /64 are given/],
  ["loadModel of nothing", () => loadModel(undefined as Anything), "ModelFileError", /cannot be read/],
  [
    "saveModel's format",
    async () => saveModel(model, "/nowhere/a", "f64" as Anything),
    "SpecError",
    /^format .* "f64"/,
  ],

  ["runModel's options", () => runModel(model, images, { Sigma: 5 } as Anything), "SpecError", /"Sigma"/],
  [
    "runModel's mode",
    () => runModel(model, images, { mode: "turbo" as Anything, sigma: 5 }),
    "SpecError",
    /^mode/,
  ],
  [
    "evaluateModel's options",
    () => evaluateModel(model, images, { seeds: 5 } as Anything),
    "SpecError",
    /"seeds"/,
  ],
  [
    "train's options",
    async () => train(recipes["fashion-conv"], {} as Anything, { Seed: 1 } as Anything),
    "SpecError",
    /"Seed"/,
  ],
  [
    "runModel of nothing",
    () => runModel(model, undefined as Anything),
    "DataError",
    /^The pictures: its data/,
  ],
  ["runModel's data", run({ data: data.subarray(1) }), "DataError", /8×8×1 have 64 values, but 63 are given/],
  ["more data than its pictures", run({ data: new Uint8Array(65) }), "DataError", /but 65 are given/],
  ["data of doubles for runModel", run({ data: new Float64Array(64) }), "DataError", /Float64Array/],
  ["a count of 1.5", run({ count: 1.5 }), "DataError", /there are 1\.5 pictures/],
  ["a count of 1e300", run({ count: 1e300 }), "DataError", /1e\+300 pictures of .* 64 are given/],
  ["runModel's pixels of 3.4e38", run({ data: huge.map(() => 3.4e38) }), "DataError", /value 0 is 3\.39/],
  ["runModel's pixels of NaN", run({ data: floats.with(9, Number.NaN) }), "DataError", /value 9 is NaN/],
  ["runModel's sigma", run({}, { sigma: 1e39 }), "SpecError", /^sigma .* from 0 to 1000000.* 1e\+39/],
  [
    "weights under which values overflow in runModel",
    async () => runModel(overflowing(), { ...pictures, data: bytes(784).fill(255) }, { sigma: 5 }),
    "ModelFileError",
    /^The model puts out values that are not finite/,
  ],
  [
    "evaluateModel's data",
    () => evaluateModel(model, { ...images, data: data.subarray(1) }),
    "DataError",
    /63 are given/,
  ],
  [
    "evaluateModel's noise of 1e39",
    () => evaluateModel(model, images, { noise: { model: "gaussian", sigma: 1e39 } }),
    "SpecError",
    /sigma.*at most 1000000/,
  ],
  ["train without data", async () => train(dense, undefined as Anything), "DataError", /^The training set: /],
  ["train on no pictures", async () => train(dense, { train: {} } as Anything), "DataError", /its data has/],
  ["train on less data than the count", trainOn({ data: bytes(783) }), "DataError", /784 values, but 783/],
  ["train on no count", trainOn({ count: undefined }), "DataError", /there are undefined pictures/],
  ["train on floats", trainOn({ data: new Float32Array(784) }), "DataError", /Float32Array/],
  [
    "photographs and another count",
    async () => train(recipes["photo-grey"], photos(2)),
    "DataError",
    /^some: there are 1 pictures, but the count is 2/,
  ],
  [
    "a photograph with less data than pixels",
    async () => train(recipes["photo-grey"], photos(1, { data: bytes(9) })),
    "DataError",
    /has 9 values/,
  ],
  [
    "a photograph of other channels",
    async () => train(recipes["photo-grey"], photos(1, { data: bytes(3 * 64 * 64), channels: 3 })),
    "DataError",
    /^some: picture 0 has other channels than 1/,
  ],
  [
    "a recipe's sigma of 1e39",
    recipe({ noise: { ...dense.noise, sigma: 1e39 } }),
    "SpecError",
    /noise\.sigma/,
  ],
  [
    "a range of sigma the wrong way round",
    recipe({ noise: { ...dense.noise, sigma: [25, 5] } }),
    "SpecError",
    /noise\.sigma has to be a range from the smaller number to the larger, but is \[25,5\]/,
  ],
  [
    "a camera's gain that is nearly 0",
    recipe({ noise: { model: "camera", gain: 1e-300, drawn: "once" } }),
    "SpecError",
    /noise\.gain/,
  ],
  [
    "shares whose sum is not finite",
    recipe({
      noise: {
        model: "mixture",
        of: [1, 2].map(() => ({ share: 1e308, noise: { model: "gaussian", sigma: 1 } })),
        drawn: "once",
      },
    }),
    "SpecError",
    /share.* at most 1000000/,
  ],
  [
    "a rate that float32 cannot hold",
    optimizer({ learningRate: 1e39 }),
    "SpecError",
    /learningRate.*at most 1e\+30/,
  ],
  [
    "a rate that is 0 in float32",
    optimizer({ learningRate: 1e-50 }),
    "SpecError",
    /learningRate.*at least 1e-30/,
  ],
  [
    "an accumulator that is 0 in float32",
    optimizer({ initialAccumulator: 1e-300 }),
    "SpecError",
    /initialAccumulator/,
  ],
  ["1e300 epochs", recipe({ epochs: 1e300 }), "SpecError", /epochs has to be at most 1000000000/],
  [
    "weights of 1e38 in memory",
    create({
      model: {
        ...model,
        parameters: new Map(model.parameters).set("layer1.weight", new Float32Array(288).fill(huge[0]!)),
      },
    }),
    "ModelFileError",
    /beyond/,
  ],
];

/** The bytes of the model's file, whose weights claim to be of another type. */
function encodedAs(dtype: string): Uint8Array {
  const bytes = encodeModel(model);
  const size = new DataView(bytes.buffer).getUint32(0, true);
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + size)).replaceAll('"F32"', `"${dtype}"`);
  const changed = new TextEncoder().encode(header);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, changed.length, true);
  return Buffer.concat([prefix, changed, bytes.subarray(8 + size)]);
}

function lockedStream(): ReadableStream {
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  return stream;
}

function detached(): Uint8Array {
  const bytes = data.slice();
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

async function readResponse(): Promise<Response> {
  const response = new Response("x");
  await response.text();
  return response;
}

describe("refused, with a typed error:", () => {
  it.each(cases)("%s", async (_, call, name, message) => {
    const error = await call().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  it("an ArrayBuffer is taken where bytes are", async () => {
    const file = encodeModel(model);
    expect(decodeModel(file.buffer, "a")).toEqual(decodeModel(file, "a"));
    expect(parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7).buffer, "a").data).toEqual(Uint8Array.of(7));
    await expect(decodeCheckpoint(file.buffer, "a")).rejects.toThrow(
      /^a is a safetensors file but not a checkpoint/,
    );
  });

  it("and the denoiser is as good as before", async () => {
    expect((await denoiser.denoise(picture, { sigma: 9 })).data).toHaveLength(64);
  });
});
