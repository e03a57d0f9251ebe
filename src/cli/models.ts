/** Models on the command line: files, and by their names those that come with the package. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import type { Model } from "../model/model.ts";
import { loadModel } from "../node.ts";
import { license } from "../version.ts";

/** What the help says of such an argument. */
export const modelInWords =
  "a model file, or one of the package: photo, photo-grey, photo-tiny, photo-tiny-grey, fashion-conv";

/** The option --model of commands that denoise: it may be given several times. */
export const modelOption = (): Option =>
  new Option(
    "--model <name|file>",
    `${modelInWords}; given several times, each picture takes the first for as many colours as it has (default: photo)`,
  ).argParser((name: string, names: string[] = []) => [...names, name]);

/** Beside a model for colour pictures, the one for grey pictures that its name stands for too. */
const twins: Record<string, string> = { photo: "photo-grey", "photo-tiny": "photo-tiny-grey" };

/** Loads the model of a name or a file. A name goes before a file of the same name. @throws ModelFileError */
export function modelOf(name: string): Promise<Model> {
  return loadModel(bundledFile(name) ?? name);
}

/** The licence of a model that comes with the package, which is the package's; undefined for a file. */
export const licenseOf = (name: string): string | undefined =>
  bundledFile(name) === undefined ? undefined : license;

/** Loads models, each with its grey twin if it is one of the package that has one. @throws ModelFileError */
export function modelsOf(names: readonly string[]): Promise<{ name: string; model: Model }[]> {
  const all = names.flatMap((name) => [name, twins[name] ?? []].flat());
  return Promise.all([...new Set(all)].map(async (name) => ({ name, model: await modelOf(name) })));
}

/** The path of a model that comes with the package; undefined if it has none of this name. */
function bundledFile(name: string): string | undefined {
  if (!/^[a-z-]+$/.test(name)) return undefined;
  const path = fileURLToPath(new URL(`../edge/${name}.safetensors`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
