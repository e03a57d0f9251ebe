/** Programs that use the package compile, their libraries checked too, with the oldest TypeScript that README names and with ours. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/declarations.ts";

const compilers = { oldest: "typescript-oldest", present: "typescript" };
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")).version;

const page = `
import { createDenoiser, type Denoised, type DenoiserOptions, type Picture } from "denoise-wasm";
import * as browser from "denoise-wasm/browser";
import { denoiseJpeg, type PictureMetadata } from "denoise-wasm/jpeg";
import tiny from "denoise-wasm/photo-tiny.safetensors";
import { denoisePng } from "denoise-wasm/png";
import { type Recipe, recipes, runModel, train, type TrainingData } from "denoise-wasm/train";

const options: DenoiserOptions = { mode: "fast", wasm: new WebAssembly.Module(new Uint8Array()) };
using denoiser = await createDenoiser({ ...options, model: tiny });
const picture: Picture<Uint8Array> = { data: new Uint8Array(16), width: 4, height: 4 };
const clean: Denoised<Uint8Array> = await denoiser.denoise(picture, { signal: AbortSignal.timeout(9) });
const bytes: Uint8Array<ArrayBuffer> = clean.data;
const clamped: Denoised<Uint8ClampedArray> = await denoiser.denoise(new ImageData(4, 4));
const asked = new ImageData(clamped.data, clamped.width, clamped.height);
const floats32: Float32Array = (await denoiser.denoise({ ...picture, data: new Float32Array(16) }, { range: [0, 1] })).data;
// @ts-expect-error A range has two values.
await denoiser.denoise(picture, { range: [1] });
// @ts-expect-error There is no such option.
await denoiser.denoise(picture, { Sigma: 25 });
const shown: ImageData = browser.toImageData(await denoiser.denoise(await browser.readImage(new Blob())));
const recipe: Recipe = { ...recipes["fashion-conv"], epochs: 1 };
declare const data: TrainingData;
for await (const { number, loss } of train(recipe, data)) console.log(number + loss);
const { data: values } = await runModel(await train(recipe, data).model(), { ...picture, count: 1, channels: 1 });
const floats: Float32Array = values;
// @ts-expect-error No array of numbers is a picture's data.
await denoiser.denoise({ data: [1, 2], width: 2, height: 1 });
// @ts-expect-error There is no such layer.
recipe.spec.layers.push({ type: "conv5x5" });
declare const metadata: PictureMetadata;
export { asked, bytes, denoiseJpeg, denoisePng, floats, floats32, metadata, shown };
`;
const server = `
import { blend, createDenoiser } from "denoise-wasm";
import { loadModel, readPicture, saveModel } from "denoise-wasm/node";
import { decodePng, encodePng } from "denoise-wasm/png";
import { evaluateModel, type Images } from "denoise-wasm/train";

const model = await loadModel("model.safetensors");
const denoiser = await createDenoiser({ model });
const file: Buffer = Buffer.from(await encodePng(await denoiser.denoise(await readPicture("in.png"))));
const { data } = await denoiser.denoise({ data: file, width: 1, height: file.length });
const bytes: Uint8Array<ArrayBuffer> = data;
const buffer: Buffer = data;
// What sharp gives, and what it takes.
declare const raw: { data: Buffer; info: { width: number; height: number; channels: 1 | 2 | 3 | 4; size: number } };
declare function sharp(data: Buffer | Uint16Array, options: { raw: { width: number; height: number; channels: 1 | 2 | 3 | 4 } }): void;
const denoised = await denoiser.denoise({ data: raw.data, ...raw.info });
sharp(denoised.data, { raw: denoised });
const deep = await denoiser.denoise({ ...raw.info, data: new Uint16Array(raw.data.buffer) }, { range: [0, 4095] });
sharp(deep.data, { raw: deep });
// pngjs has pictures with more members, and jpeg-js takes what it gives.
declare const png: { data: Buffer; width: number; height: number; gamma: number; pack(): void };
png.data = (await denoiser.denoise(png)).data;
declare function encodeJpeg(picture: { data: Buffer; width: number; height: number }, quality: number): void;
encodeJpeg(blend(png, await denoiser.denoise(png), 0.5), 90);
declare const images: Images;
console.log((await evaluateModel(model, images, { noise: { model: "gaussian", sigma: 25 } })).denoised.psnr);
export { buffer, bytes, decodePng, saveModel };
`;
/** A CommonJS module, which TypeScript turns into one that calls `require`. */
const script = `
import { createDenoiser, DataError, type Denoiser, type Picture } from "denoise-wasm";
import { readPicture } from "denoise-wasm/node";
import png = require("denoise-wasm/png");

async function main(): Promise<Uint8Array<ArrayBuffer>> {
  const denoiser: Denoiser = await createDenoiser({ mode: "fast" });
  const picture: Picture = await readPicture("in.png");
  // @ts-expect-error There is no such option.
  await denoiser.denoise(picture, { Sigma: 25 });
  return png.encodePng(await denoiser.denoise(picture));
}
main().catch((error: unknown) => {
  if (error instanceof DataError) console.log(error.message);
  const fault: DataError = new DataError("a");
  throw fault;
});
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "consumer-"));
  mkdirSync(join(folder, "node_modules", "@types"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "denoise-wasm"), "junction");
  for (const name of ["@types/node", "undici-types"])
    symlinkSync(`${root}node_modules/${name}`, join(folder, "node_modules", name), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a compiler says of a program. Before version 5.7, arrays have no parameter for their memory. */
function compile(compiler: string, file: string, options: object): string {
  const text = { "page.ts": page, "server.ts": server, "script.cts": script }[file]!;
  const isOld = compiler === compilers.oldest;
  writeFileSync(join(folder, file), isOld ? text.replaceAll("<ArrayBuffer>", "") : text);
  const compilerOptions = {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ target: "es2022", preserveSymlinks: true, ...options },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  try {
    const tsc = `${root}node_modules/${compiler}/bin/tsc`;
    return execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe.each(Object.entries(compilers))("TypeScript, the %s", (_, compiler) => {
  it.each([
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
    ["node16", { module: "node16", moduleResolution: "node16" }],
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
  ])("compiles a page and a server, found as by %s", (_, resolution) => {
    const dom = { lib: ["es2022", "dom"], types: [], ...resolution };
    expect(compile(compiler, "page.ts", dom)).toBe("");
    const node = { lib: ["es2022"], types: ["node"], ...resolution };
    expect(compile(compiler, "server.ts", node)).toBe("");
  });

  it.each(["node16", "nodenext"])("compiles a CommonJS module, found as by %s", (module) => {
    const options = { lib: ["es2022"], types: ["node"], module, moduleResolution: module };
    expect(compile(compiler, "script.cts", options)).toBe("");
  });

  it("says what is missing where neither the DOM's nor a runtime's types are there", () => {
    const options = { lib: ["es2022"], types: [], module: "esnext", moduleResolution: "bundler" };
    expect(compile(compiler, "server.ts", options)).toMatch(/Cannot find name 'AbortSignal'/);
  });
});

it("README names the oldest TypeScript that is tried", () => {
  const [, version] = readFileSync(`${root}README.md`, "utf8").match(/TypeScript (\d+\.\d+) or later/) ?? [];
  expect(versionOf(compilers.oldest).startsWith(`${version}.`)).toBe(true);
  expect(versionOf(compilers.present)).not.toBe(versionOf(compilers.oldest));
});
