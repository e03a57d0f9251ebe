/** Every class of error that an entry exports is thrown by something that the package's users call. */
import { readFileSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DenoiseError } from "../src/errors.ts";
import { createDenoiser } from "../src/index.ts";
import { saveModel } from "../src/node.ts";
import { decodeModel, train } from "../src/train.ts";
import { convModel } from "./support/conv-models.ts";
import { pictures, smallRecipe } from "./support/pictures.ts";
import { watchWorkers, workers } from "./support/watched-workers.ts";

const size = [4, 5] as const;
const data = pictures(10, size);
const picture = { data: new Uint8Array(4), width: 2, height: 2 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** What throws each of them. */
const throwing: Readonly<Record<string, () => Promise<unknown>>> = {
  DataError: async () => (await createDenoiser()).denoise({ ...picture, width: 3 }),
  SpecError: async () => (await createDenoiser()).denoise(picture, { sigma: -1 }),
  ModelFileError: async () => decodeModel(new Uint8Array(8), "a file"),
  UnsupportedRuntimeError: () => createDenoiser({ wasm: new Uint8Array(8) }),
  OutputError: () => saveModel(convModel(), join(devNull, "model.safetensors")),
  async DivergenceError() {
    await train(smallRecipe({ size, units: [7, 20], learningRate: 1e30, epochs: 2 }), data).model();
  },
  async ThreadError() {
    watchWorkers();
    const run = train(smallRecipe({ size, units: [7, 20], epochs: 2 }), data, { threads: 2 });
    await run.next();
    await workers[0]!.terminate();
    await run.model();
  },
};

describe("errors", () => {
  it.each(Object.keys(throwing))("%s is thrown, and is a DenoiseError", async (name) => {
    const error = (await throwing[name]!().catch((error: unknown) => error)) as Error;
    expect(error).toBeInstanceOf(DenoiseError);
    expect([error.name, error.constructor.name]).toEqual([name, name]);
  });

  it("are all of those that are exported", async () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const entries = Object.entries(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports);
    const modules = entries.flatMap(([name, to]) =>
      (to as { types?: unknown }).types ? [name === "." ? "index" : name.slice(2)] : [],
    );
    const exported = new Set<string>();
    for (const name of modules) {
      const module = await import(join(root, `src/${name}.ts`));
      for (const [key, value] of Object.entries(module))
        if ((value as typeof Error).prototype instanceof Error) exported.add(key);
    }
    expect(exported).toEqual(new Set(["DenoiseError", ...Object.keys(throwing)]));
  });
});
