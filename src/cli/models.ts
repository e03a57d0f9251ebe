/** Models on the command line: files, and by their names those that come with the package. */
import { Option } from "commander";
import { ModelFileError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { decodeModel } from "../model/model-file.ts";
import { loadModel } from "../node.ts";
import { license } from "../version.ts";
import { bytesOf } from "../wasm/inlined.ts";

/** The texts of the package's models. */
const bundled = new Map<string, () => Promise<string | undefined>>([
  ["photo", async () => (await import("../../build/models/photo.js")).colour],
  ["photo-grey", async () => (await import("../../build/models/photo.js")).grey],
  ["photo-tiny", async () => (await import("../../build/models/photo-tiny.js")).colour],
  ["photo-tiny-grey", async () => (await import("../../build/models/photo-tiny.js")).grey],
  ["photo-large", async () => (await import("../../build/models/photo-large.js")).colour],
  ["fashion-conv", async () => (await import("../../build/models/fashion-conv.js")).grey],
]);

/** What the help says of such an argument. */
export const modelInWords = `a model file, or one of the package: ${[...bundled.keys()].join(", ")}`;

/** The option --model of commands that denoise: it may be given several times. */
export const modelOption = (): Option =>
  new Option(
    "--model <name|file>",
    `${modelInWords}; given several times, each picture takes the first for as many colours as it has (default: photo)`,
  ).argParser((name: string, names: string[] = []) => [...names, name]);

/** Beside a model for colour pictures, the one for grey pictures that its name stands for too. */
const twins: Record<string, string> = {
  photo: "photo-grey",
  "photo-tiny": "photo-tiny-grey",
  "photo-large": "photo-grey",
};

/** Loads the model of a name or a file. A name goes before a file of the same name. @throws ModelFileError */
export async function modelOf(name: string): Promise<Model> {
  const text = await bundled.get(name)?.();
  if (text !== undefined) return decodeModel(bytesOf(text), name);
  return loadModel(name).catch((cause: Error) => {
    if (/[^\w-]/.test(name)) throw cause;
    const names = [...bundled.keys()].join(", ");
    throw new ModelFileError(`${cause.message} The package has the models ${names}.`, { cause });
  });
}

/** The licence of a model that comes with the package, which is the package's; undefined for a file. */
export const licenseOf = (name: string): string | undefined => (bundled.has(name) ? license : undefined);

/** Loads models, and behind them the grey twins of those of the package that have one. @throws ModelFileError */
export function modelsOf(names: readonly string[]): Promise<{ name: string; model: Model }[]> {
  const all = [...names, ...names.flatMap((name) => twins[name] ?? [])];
  return Promise.all([...new Set(all)].map(async (name) => ({ name, model: await modelOf(name) })));
}
