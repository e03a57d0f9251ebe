/** Readers of models: safetensors, model files, checkpoints, recipes. */
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { ModelFileError, SpecError } from "../../src/errors.ts";
import { decodeConvModel } from "../../src/model/conv-model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { DIGEST_KEY, NO_DIGEST, seal } from "../../src/training/checkpoint-digest.ts";
import { parseRecipe, recipes } from "../../src/training/recipes.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { convModel } from "../support/conv-models.ts";
import { smallConvRecipe, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";
import { add, conv1, conv3, linear, shuffle, unshuffle } from "../support/unets.ts";
import type { Target } from "./fuzzing.ts";
import { type Chance, type Json, joined, mutateBytes, mutateJson, mutateText } from "./mutations.ts";

const uNet = [conv3(4), unshuffle, conv1(16), conv3(16), add(3), conv1(16), shuffle, conv3(1, linear)];
const models = [
  convModel({ hidden: [4, 4] }),
  convModel({ channels: 3, hidden: [4], dilations: [2, 1], padding: "reflect", residual: false }),
  convModel({ layers: uNet, white: 255 }),
].flatMap((model) => (["f32", "f16", "i8"] as const).map((format) => encodeModel(model, format)));

const trained = [
  smallRecipe({ size: [3, 4], units: [5, 12], epochs: 4 }),
  smallConvRecipe({ size: [3, 4], epochs: 4 }),
  smallUNetRecipe({ size: [4, 4], epochs: 4 }),
];
const checkpoints = await Promise.all(trained.map((recipe) => encodeCheckpoint(checkpointOf(recipe))));

const beginOf = (file: Uint8Array) => 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
const headerText = (file: Uint8Array) => new TextDecoder().decode(file.subarray(8, beginOf(file)));

function fileOf(header: string, weights: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return joined(length, text, weights);
}

/** A safetensors file with its header changed as JSON or as text, in a value that is JSON itself, in its data, or anywhere. */
function mutateFile(file: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> {
  const kind = chance.below(8);
  if (kind === 0) return mutateBytes(file, chance);
  const text = headerText(file);
  const data = file.subarray(beginOf(file));
  if (kind === 1) return fileOf(mutateText(text, chance), data);
  if (kind === 2) return fileOf(text, mutateBytes(data, chance));
  const header: Json = JSON.parse(text);
  const inner = Object.keys(header.__metadata__).filter((key) => header.__metadata__[key].startsWith("{"));
  if (kind === 3 || inner.length === 0) return fileOf(JSON.stringify(mutateJson(header, chance)), data);
  const key = chance.pick(inner);
  let value: Json = JSON.parse(header.__metadata__[key]);
  for (let times = 1 + chance.below(2); times > 0; times--) value = mutateJson(value, chance);
  const written = JSON.stringify(value) ?? "";
  header.__metadata__[key] = chance.oneIn(10) ? mutateText(written, chance) : written;
  return fileOf(JSON.stringify(header), data);
}

/** The error that a reader throws, or undefined. */
function verdictOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  return undefined;
}

const picture = { data: Uint8Array.from({ length: 63 }, (_, i) => (i * 67) % 256), width: 9, height: 7 };

export const modelTargets: Target[] = [
  {
    name: "safetensors",
    make: (chance) => mutateFile(chance.pick([...models, ...checkpoints]), chance),
    take(file: Uint8Array) {
      const { tensors, metadata } = readSafetensors(file, "file");
      // What was read can be written.
      readSafetensors(writeSafetensors(tensors, { ...metadata }), "copy");
    },
    errors: [ModelFileError],
  },
  {
    name: "model",
    make: (chance) => mutateFile(chance.pick(models), chance),
    async take(file: Uint8Array) {
      // Both readers have the same verdict, but for the description, which only the full one reads. What they take denoises.
      const [small, full] = [() => decodeConvModel(file, "file"), () => decodeModel(file, "file")].map(
        verdictOf,
      );
      if (
        full instanceof ModelFileError &&
        /^file: (the |its metadata has no )?description/.test(full.message)
      )
        throw full;
      if ((small === undefined) !== (full === undefined))
        throw new Error(`the readers disagree: ${small ?? full}`);
      if (small !== undefined) throw small;
      const denoiser = await createDenoiser({ model: file });
      try {
        await denoiser.denoise(picture, { sigma: 20 });
      } finally {
        denoiser.dispose();
      }
    },
    errors: [ModelFileError],
  },
  {
    name: "checkpoint",
    async make(chance) {
      const file = mutateFile(chance.pick(checkpoints), chance);
      // With its digest put right, so that what comes after it is looked at too.
      if (chance.oneIn(4)) return file;
      try {
        const { metadata } = readSafetensors(file, "file");
        const text = headerText(file).replace(metadata[DIGEST_KEY]!, NO_DIGEST);
        const sealed = fileOf(text, file.subarray(beginOf(file)));
        await seal(sealed);
        return sealed;
      } catch {
        return file;
      }
    },
    take: async (file: Uint8Array) => {
      const checkpoint = await decodeCheckpoint(await file, "file");
      await decodeCheckpoint(await encodeCheckpoint(checkpoint), "copy");
    },
    errors: [ModelFileError],
  },
  {
    name: "recipe",
    make: (chance) => {
      let recipe: Json = chance.pick([...trained, ...Object.values(recipes)]);
      for (let times = 1 + chance.below(3); times > 0; times--) recipe = mutateJson(recipe, chance);
      return recipe;
    },
    take: (recipe: Json) => parseRecipe(JSON.parse(JSON.stringify(parseRecipe(recipe)))),
    errors: [SpecError],
  },
];
