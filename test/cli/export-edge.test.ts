/** `denoise-wasm export --format edge`: one script that denoises by the models that were named. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import * as index from "../../src/index.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { denseModel } from "../support/dense-models.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const grey = { data: Uint8Array.from(normal(40 * 30, 5, 40), (value) => 128 + value), width: 40, height: 30 };
const colour = {
  data: Uint8Array.from(normal(30 * 20 * 3, 6, 40), (value) => 128 + value),
  width: 30,
  height: 20,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-export-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const exportTo = (out: string, ...models: string[]) =>
  runCli(folder, ["export", ...models, "--format", "edge", "-o", out]);

describe("export --format edge", () => {
  /** Weights in float32 for colour, and in eight bits for grey pictures. */
  const own = [`${root}models/photo-tiny.safetensors`, `${root}build/models/fashion-conv.safetensors`];
  let script: typeof index;
  beforeAll(async () => {
    expect(await exportTo("own.js", ...own)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^own\.js: edge, \d+ bytes\n$/),
    });
    script = await import(join(folder, "own.js"));
  });

  it("writes a script that exports what the package does, and denoises by these models as int8", async () => {
    expect(Object.keys(script).sort()).toEqual(Object.keys(index).sort());
    const files = ["photo-tiny", "fashion-conv"].map((name) => `${root}build/models/${name}.safetensors`);
    const model = await Promise.all(files.map((file) => readFile(file)));
    const expected = await createDenoiser({ model });
    const denoiser = await script.createDenoiser();
    for (const picture of [grey, colour])
      expect(await denoiser.denoise(picture)).toEqual(await expected.denoise(picture));
  });

  it("the script's createDenoiser takes options as the package's does, and refuses the same", async () => {
    const model = await readFile(`${root}build/models/photo-tiny-grey.safetensors`);
    const wasm = await readFile(`${root}build/wasm/inference.wasm`);
    const denoiser = await script.createDenoiser({ model, wasm, mode: "fast" });
    expect((await denoiser.denoise(grey)).data).toEqual(
      (await (await createDenoiser({ model })).denoise(grey)).data,
    );
    for (const wrong of [null, 5, Promise.resolve({}), { Model: model }, { mode: "slow" }] as never[]) {
      const { message } = await createDenoiser(wrong).catch((error) => error);
      expect(message).toMatch(/option|mode/);
      await expect(script.createDenoiser(wrong)).rejects.toMatchObject({ name: "SpecError", message });
    }
  });

  it("a name of the package stands for the models for colour and for grey pictures", async () => {
    expect(await exportTo("tiny.js", "photo-tiny")).toMatchObject({ code: 0 });
    const file = await readFile(join(folder, "tiny.js"));
    expect(Buffer.compare(file, await readFile(`${root}build/edge/denoise-tiny-all.js`))).toBe(0);
  });

  it("refuses a file that exists, a model of dense layers, and several models in another format", async () => {
    expect(await exportTo("own.js", "photo")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--force/),
    });
    await writeFile(join(folder, "dense.safetensors"), encodeModel(denseModel(1)));
    expect(await exportTo("dense.js", "dense.safetensors")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ModelFileError: dense\.safetensors.*convolution/),
    });
    expect(existsSync(join(folder, "dense.js"))).toBe(false);
    expect(await runCli(folder, ["export", "photo", "photo-grey", "-o", "two"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--format edge/),
    });
  });
});
