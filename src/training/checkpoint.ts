/**
 * Checkpoints: all that a training needs to go on as if it had never been interrupted. A checkpoint file is a safetensors
 * file. Its tensors are the parameters in PyTorch's layout and the state of the optimiser; its metadata holds the recipe
 * and the position in the run as JSON. The same checkpoint gives the same bytes.
 */
import * as v from "valibot";
import {
  DataError,
  ModelFileError,
  printable,
  SpecError,
  shown,
  UnsupportedRuntimeError,
} from "../errors.ts";
import { CHECKPOINT_FORMAT, json } from "../model/model-file.ts";
import { readSafetensors, requireFinite, type Tensor, writeSafetensors } from "../model/safetensors.ts";
import { MOST_WEIGHT } from "../network/limits.ts";
import { parse } from "../network/parse.ts";
import { fileBytes } from "../pictures/decoding.ts";
import { hasRelaxedSimd, type Mode, type Variant } from "../wasm/detect.ts";
import { epochSize } from "./batch-source.ts";
import { batchCount } from "./batches.ts";
import { DIGEST_KEY, isSealed, NO_DIGEST, seal } from "./checkpoint-digest.ts";
import { checkpointTensors } from "./checkpoint-tensors.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import type { TrainingData } from "./train-options.ts";

/** The state of a training between two of its steps: all that `resume` needs, besides the data. */
export interface Checkpoint {
  /** The recipe that is trained. */
  readonly recipe: Recipe;
  /** The seed that the training began with. */
  readonly seed: number;
  /** The mode that the training began with. */
  readonly mode: Mode;
  /** The build of the WebAssembly core that ran; `resume` goes on with the same build. */
  readonly variant: Variant;
  /** The data that the training began with: `name`, `source` and `sha256` are those of its `Dataset`. */
  readonly data: {
    readonly name: string;
    readonly source?: string;
    readonly sha256: string;
    readonly trainingImages: number;
  };
  /** Version of the package that wrote the checkpoint. */
  readonly packageVersion: string;
  /** The digest of the model that the training began with, if it began with one: see `Provenance.from`. */
  readonly from?: string;
  /** How far the training has come. */
  readonly position: {
    /** The epoch that is under way or comes next, from 1. After the last epoch it is the number of epochs plus 1. */
    readonly epoch: number;
    /** The number of batches of that epoch that are done. */
    readonly batches: number;
    /** The sum of the loss over the pictures of those batches. */
    readonly lossSum: number;
    /** The seconds that those batches took. */
    readonly seconds: number;
  };
  /** The epochs that have ended, in order, with the mean loss over their pictures. */
  readonly epochs: readonly { readonly number: number; readonly loss: number; readonly seconds: number }[];
  /**
   * The parameters as they are trained, `layer1.weight`, …, in PyTorch's order, each followed by the optimiser's state
   * for it: `layer1.weight.accumulator` (Adagrad), or `.mean` and `.variance` (Adam); of weights that follow Muon, only the mean. `.average` is the moving average,
   * if the recipe has `averaging`.
   */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/** The part of a checkpoint besides the recipe and the tensors. */
type CheckpointRun = Omit<Checkpoint, "recipe" | "tensors">;

/** What a file keeps of the epochs that have ended, as tensors of float64: the JSON of a long training would grow too large. */
const epochValues = ["loss", "seconds"] as const;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const sum = v.pipe(v.number(), v.finite(), v.minValue(0));
const schemas = {
  seed: v.pipe(count, v.maxValue(2 ** 32 - 1)),
  mode: v.picklist(["fast", "reproducible"]),
  variant: v.picklist(["simd", "relaxed"]),
  data: v.strictObject({
    name: v.string(),
    source: v.exactOptional(v.string()),
    sha256: v.string(),
    trainingImages: count,
  }),
  packageVersion: v.string(),
  from: v.exactOptional(v.string()),
  position: v.strictObject({
    epoch: v.pipe(count, v.minValue(1)),
    batches: count,
    lossSum: sum,
    seconds: sum,
  }),
};
const EpochSchema = v.strictObject({ number: count, loss: sum, seconds: sum });
/** There may be hundreds of thousands of epochs, of which only the first fault is looked for. */
const epochs = v.custom<CheckpointRun["epochs"]>(
  (all) => Array.isArray(all) && all.every((one) => v.is(EpochSchema, one)),
  "a list of the numbers, losses and seconds of epochs",
);
const RunSchema = v.strictObject({ ...schemas, epochs }) satisfies v.GenericSchema<unknown, CheckpointRun>;
/** What a file holds as JSON. Earlier versions wrote the epochs there too. */
const WrittenSchema = v.strictObject({ ...schemas, epochs: v.exactOptional(epochs) });

/** The keys that a file's metadata may have. */
const metadataKeys = ["format", "denoise-wasm.format", "denoise-wasm.recipe", "denoise-wasm.run", DIGEST_KEY];

/**
 * Encodes a checkpoint as the bytes of a checkpoint file, which contain a SHA-256 of themselves. Its values are copied before
 * the promise is returned.
 * @throws SpecError if the checkpoint lacks a tensor, or its recipe or a value beside it is not valid
 * @throws UnsupportedRuntimeError in a page that is neither https nor localhost, where there is no SHA-256
 */
export async function encodeCheckpoint({
  recipe,
  tensors,
  ...run
}: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const written = new Map<string, Tensor>();
  for (const { name, shape } of checkpointTensors(recipe)) {
    const data = tensors.get(name);
    if (!data) throw new SpecError(`The checkpoint has no tensor "${name}".`);
    written.set(name, { dtype: "F32", shape: [...shape], data });
  }
  const { epochs, ...state } = parse(RunSchema, run, "The checkpoint");
  for (const value of epochValues) {
    const data = Float64Array.from(epochs, (epoch) => epoch[value]);
    written.set(`epochs.${value}`, { dtype: "F64", shape: [data.length], data });
  }
  const file = writeSafetensors(written, {
    format: "pt",
    "denoise-wasm.format": CHECKPOINT_FORMAT,
    "denoise-wasm.recipe": JSON.stringify(parseRecipe(recipe)),
    "denoise-wasm.run": JSON.stringify(state),
    [DIGEST_KEY]: NO_DIGEST,
  });
  await seal(file);
  return file;
}

/**
 * Decodes the bytes of a checkpoint file. A file without a SHA-256, which earlier versions wrote, is taken if all else is
 * right.
 * @param name what errors call the file
 * @throws ModelFileError on anything but a whole checkpoint whose tensors and position fit its recipe, and on one whose bytes
 * have changed since it was written
 * @throws UnsupportedRuntimeError in a page that is neither https nor localhost, where there is no SHA-256
 */
export async function decodeCheckpoint(given: Uint8Array | ArrayBuffer, name: string): Promise<Checkpoint> {
  const bytes = fileBytes(given, "checkpoint");
  const { tensors, metadata } = readSafetensors(bytes, name);
  if (metadata["denoise-wasm.format"] !== CHECKPOINT_FORMAT) {
    throw new ModelFileError(
      `${name} is a safetensors file but not a checkpoint of this package ("${CHECKPOINT_FORMAT}"). ` +
        'Use the "checkpoint.safetensors" of a run that was interrupted.',
    );
  }
  try {
    // A bit that flipped in the digest's own name would otherwise make the file one of an earlier version.
    const unknown = Object.keys(metadata).find((key) => !metadataKeys.includes(key));
    if (unknown !== undefined) throw new SpecError(`its metadata has the unknown key ${shown(unknown)}.`);
    const recipe = parseRecipe(json(metadata, "recipe"));
    const { epochs: earlier, ...state } = parse(WrittenSchema, json(metadata, "run"), "run");
    const run = { ...state, epochs: earlier ?? takeEpochs(tensors) };
    const fault = positionFault(recipe, run);
    if (fault !== undefined) throw new SpecError(`run: ${fault}.`);
    const checkpoint = { recipe, ...run, tensors: takeTensors(recipe, tensors, name) };
    const digest = metadata[DIGEST_KEY];
    if (digest !== undefined && !(await isSealed(bytes, digest)))
      throw new SpecError("it is damaged: its SHA-256 is not the one that was written into it.");
    return checkpoint;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new ModelFileError(`${name}: ${error.message} ${remedy}`, { cause: error });
  }
}

const remedy = "Use an earlier checkpoint, or train anew.";

/** What is impossible in a checkpoint's values, such as more batches than an epoch has; undefined if nothing is. */
function positionFault(recipe: Recipe, run: CheckpointRun): string | undefined {
  const { mode, variant, data, position, epochs } = run;
  const { epoch, batches, lossSum } = position;
  if (mode === "reproducible" && variant !== "simd")
    return `the mode is "${mode}" but the build "${variant}"`;
  const count = epochSize(recipe, data.trainingImages);
  if (recipe.batch > count) return `a batch has ${recipe.batch} pictures, but there are ${count}`;
  const odd = epochs.findIndex(({ number }, index) => number !== index + 1);
  if (odd !== -1) return `epochs[${odd}] has the number ${epochs[odd]!.number}`;
  if (epoch !== epochs.length + 1) return `position.epoch is ${epoch}, but ${epochs.length} epochs ended`;
  if (epochs.length > recipe.epochs) return `${epochs.length} epochs ended of ${recipe.epochs}`;
  const most = epochs.length < recipe.epochs ? batchCount(count, recipe.batch) : 0;
  if (batches > most) return `position.batches is ${batches}, but there are ${most}`;
  if (batches === 0 && lossSum !== 0) return `position.lossSum is ${lossSum} before the first batch`;
  return undefined;
}

/** Takes the epochs out of a file's tensors. @throws SpecError if they are not there, or not what an epoch can have */
function takeEpochs(tensors: Map<string, Tensor>): CheckpointRun["epochs"] {
  const [losses, times] = epochValues.map((value) => {
    const name = `epochs.${value}`;
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "F64" || tensor.shape.length !== 1)
      throw new SpecError(`it has no list "${name}" of F64.`);
    const wrong = tensor.data.findIndex((one) => !(one >= 0 && one < Infinity));
    if (wrong !== -1) throw new SpecError(`it has ${tensor.data[wrong]} in "${name}" at index ${wrong}.`);
    tensors.delete(name);
    return tensor.data;
  }) as [Float64Array, Float64Array];
  if (losses.length !== times.length)
    throw new SpecError(`it has ${losses.length} losses of epochs, but ${times.length} times.`);
  return Array.from(losses, (loss, index) => ({ number: index + 1, loss, seconds: times[index]! }));
}

function takeTensors(
  recipe: Recipe,
  tensors: ReadonlyMap<string, Tensor>,
  file: string,
): Map<string, Float32Array> {
  const misfit = (what: string) => new ModelFileError(`${file} ${what}. ${remedy}`);
  const expected = checkpointTensors(recipe);
  const known = new Set(expected.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!known.has(name)) throw misfit(`has a tensor ${shown(name)} that its recipe does not know`);
  }
  return new Map(
    expected.map(({ name, kind, shape }) => {
      const tensor = tensors.get(name);
      if (!tensor) throw misfit(`lacks the tensor "${name}" that its recipe asks for`);
      if (tensor.dtype !== "F32") throw misfit(`has "${name}" as ${tensor.dtype}; checkpoints are F32`);
      if (tensor.shape.join() !== shape.join()) {
        throw misfit(`has "${name}" of shape [${tensor.shape}]; its recipe asks for [${shape}]`);
      }
      // The optimiser's state may be larger than weights: it is made of the squares of gradients.
      const isWeight = kind === "value" || kind === "average";
      requireFinite(tensor, name, file, isWeight ? MOST_WEIGHT : undefined);
      // The optimisers take the square roots of these values, and Adagrad divides by them.
      const wrong = tensor.data.findIndex(
        (value) => (kind === "accumulator" && value <= 0) || (kind === "variance" && value < 0),
      );
      if (wrong !== -1) throw misfit(`has ${tensor.data[wrong]} in "${name}" at index ${wrong}`);
      return [name, tensor.data];
    }),
  );
}

/**
 * Checks that a training can go on from a checkpoint.
 * @throws DataError if the data is not what it began with
 * @throws UnsupportedRuntimeError if the runtime cannot run its build
 */
export function requireResumable(
  { data, variant }: Checkpoint,
  { name, sha256, train }: Pick<TrainingData, "name" | "sha256" | "train">,
): void {
  if (data.sha256 !== sha256 || data.trainingImages !== train.count) {
    const inWords = (name: string, count: number, sha256: string) =>
      `${printable(name)} (${count} training pictures, SHA-256 ${sha256.slice(0, 12)}…)`;
    throw new DataError(
      `This training began on ${inWords(data.name, data.trainingImages, data.sha256)} and cannot go on with ` +
        `${inWords(name, train.count, sha256)}. Give it the data that it began with.`,
    );
  }
  if (variant === "relaxed" && !hasRelaxedSimd()) {
    throw new UnsupportedRuntimeError(
      'This training began with relaxed SIMD (mode "fast"), which this runtime does not have. ' +
        "Go on where there is relaxed SIMD, such as Node 22 or later, or train anew.",
    );
  }
}
