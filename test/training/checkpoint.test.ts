import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelFileError, SpecError } from "../../src/errors.ts";
import { decodeModel } from "../../src/model/model-file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { loadCheckpoint, saveCheckpoint } from "../../src/node.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { checkpointOf } from "../support/checkpoints.ts";
import { smallConvRecipe, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";

const dense = smallRecipe({ size: [3, 4], units: [5, 12], epochs: 4, batch: 4 });
const conv = smallConvRecipe({ size: [3, 4], epochs: 4, batch: 4 });

const checkpoint = checkpointOf(dense);
const bytes = await encodeCheckpoint(checkpoint);
const convBytes = await encodeCheckpoint(checkpointOf(conv));

/** The file with other tensors or metadata. */
function changed(
  change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void,
  file = bytes,
): Uint8Array {
  const { tensors, metadata } = readSafetensors(file.slice(), "checkpoint");
  change(tensors, metadata);
  return writeSafetensors(tensors, { ...metadata });
}

function changedMetadata(key: "format" | "recipe" | "run", text: string | undefined): Uint8Array {
  return changed((_, metadata) => {
    if (text === undefined) delete metadata[`denoise-wasm.${key}`];
    else metadata[`denoise-wasm.${key}`] = text;
  });
}

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON holds
type Json = any;

function changedJson(key: "recipe" | "run", change: (value: Json) => Json): Uint8Array {
  const { metadata } = readSafetensors(bytes, "checkpoint");
  return changedMetadata(key, JSON.stringify(change(JSON.parse(metadata[`denoise-wasm.${key}`]!))));
}

const changedPosition = (change: object) =>
  changedJson("run", (run) => ({ ...run, position: { ...run.position, ...change } }));

/** The file with one value of a tensor set. */
const changedValue = (name: string, index: number, value: number, file = bytes) =>
  changed((tensors) => {
    tensors.get(name)!.data[index] = value;
  }, file);

async function fault(file: Uint8Array): Promise<string> {
  try {
    await decodeCheckpoint(file, "runs/a/checkpoint.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(ModelFileError);
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
}

describe("a checkpoint file", () => {
  it.each([
    ["dense layers, Adagrad", dense],
    ["convolutions, Adam, averages", conv],
    ["two scales, Muon", smallUNetRecipe({ size: [4, 6], epochs: 4, batch: 4 })],
  ])("of %s comes back as it was written, and is written again to the same bytes", async (_, recipe) => {
    const written = checkpointOf(recipe);
    const file = await encodeCheckpoint(written);
    const decoded = await decodeCheckpoint(file, "checkpoint");
    expect(decoded).toEqual(written);
    expect(decoded.position.lossSum).toBe(0.1 + 0.2);
    expect(Buffer.compare(await encodeCheckpoint(decoded), file)).toBe(0);
  });

  it("depends neither on the order of its tensors nor on that of its keys", async () => {
    const { recipe, ...rest } = checkpoint;
    const tensors = new Map([...checkpoint.tensors].reverse());
    const reversed = <T extends object>(value: T) =>
      Object.fromEntries(Object.entries(value).reverse()) as unknown as T;
    const run = reversed(rest);
    expect(Buffer.compare(await encodeCheckpoint({ ...run, recipe: reversed(recipe), tensors }), bytes)).toBe(
      0,
    );
  });

  it("opens in PyTorch's layout: named tensors and what the optimiser keeps of each", async () => {
    const shapes = (file: Uint8Array) =>
      Object.fromEntries([...readSafetensors(file, "").tensors].map(([name, { shape }]) => [name, shape]));
    expect(readSafetensors(bytes, "").metadata.format).toBe("pt");
    expect(shapes(bytes)).toEqual({
      "epochs.loss": [2],
      "epochs.seconds": [2],
      "layer1.weight": [5, 12],
      "layer1.weight.accumulator": [5, 12],
      "layer1.bias": [5],
      "layer1.bias.accumulator": [5],
      "layer2.weight": [12, 5],
      "layer2.weight.accumulator": [12, 5],
      "layer2.bias": [12],
      "layer2.bias.accumulator": [12],
    });
    expect(shapes(await encodeCheckpoint(checkpointOf(conv)))).toMatchObject({
      "layer1.weight": [5, 2, 3, 3],
      "layer1.weight.mean": [5, 2, 3, 3],
      "layer1.weight.variance": [5, 2, 3, 3],
      "layer1.weight.average": [5, 2, 3, 3],
      "layer2.bias.average": [1],
    });
  });

  it("can be read from a place in memory that is not aligned", async () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(await decodeCheckpoint(shifted.subarray(1), "checkpoint")).toEqual(checkpoint);
  });

  it("is read without a change to its bytes, also in a Buffer", async () => {
    const buffer = Buffer.from(bytes);
    await decodeCheckpoint(buffer, "a Buffer");
    expect(buffer.equals(bytes)).toBe(true);
  });

  it("of 600,000 epochs can be read", async () => {
    const count = 600_000;
    const epochs = Array.from({ length: count }, (_, index) => {
      return { number: index + 1, loss: 1000 / (index + 0.3), seconds: index / 7 };
    });
    const position = { epoch: count + 1, batches: 0, lossSum: 0, seconds: 0 };
    const long = { ...checkpoint, recipe: { ...dense, epochs: 1e6 }, epochs, position };
    const file = await encodeCheckpoint(long);
    // 16 bytes for each epoch, and what a checkpoint of few epochs has.
    expect(file.length).toBeLessThan(16 * count + bytes.length + 100);
    const read = (await decodeCheckpoint(file, "checkpoint")).epochs;
    expect(read).toHaveLength(count);
    const differs = ({ number, loss, seconds }: (typeof read)[number], index: number) => {
      const one = epochs[index]!;
      return number !== one.number || loss !== one.loss || seconds !== one.seconds;
    };
    expect(read.findIndex(differs)).toBe(-1);
  }, 120_000);

  it("of an earlier version, which has its epochs as JSON and no digest, can be read", async () => {
    const earlier = changed((tensors, metadata) => {
      tensors.delete("epochs.loss");
      tensors.delete("epochs.seconds");
      delete metadata["denoise-wasm.sha256"];
      const run = JSON.parse(metadata["denoise-wasm.run"]!);
      metadata["denoise-wasm.run"] = JSON.stringify({ ...run, epochs: checkpoint.epochs });
    });
    expect(await decodeCheckpoint(earlier, "checkpoint")).toEqual(checkpoint);
  });

  it("goes to disk and back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-"));
    try {
      const path = join(folder, "checkpoint.safetensors");
      await saveCheckpoint(checkpoint, path);
      expect(await loadCheckpoint(path)).toEqual(checkpoint);
      await writeFile(path, bytes.subarray(0, -1));
      await expect(loadCheckpoint(path)).rejects.toThrow(path);
      await expect(loadCheckpoint(join(folder, "none"))).rejects.toThrow(
        /none cannot be read.*Name the file/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is not written without a tensor, or of what no file could say", async () => {
    const tensors = new Map(checkpoint.tensors);
    tensors.delete("layer2.bias.accumulator");
    await expect(encodeCheckpoint({ ...checkpoint, tensors })).rejects.toThrow(SpecError);
    await expect(encodeCheckpoint({ ...checkpoint, tensors })).rejects.toThrow(
      /no tensor "layer2\.bias\.accumulator"/,
    );
    const position = { ...checkpoint.position, lossSum: Infinity };
    await expect(encodeCheckpoint({ ...checkpoint, position })).rejects.toThrow(
      /position\.lossSum has to be finite/,
    );
  });

  it("of a training that is complete, or stands before its first step, is one too", async () => {
    const epochs = [1, 2, 3, 4].map((number) => ({ number, loss: 1, seconds: 1 }));
    const begin = { epoch: 1, batches: 0, lossSum: 0, seconds: 0 };
    for (const change of [
      { epochs, position: { ...begin, epoch: 5 } },
      { epochs: [], position: begin },
    ]) {
      const other = { ...checkpoint, ...change };
      expect(await decodeCheckpoint(await encodeCheckpoint(other), "checkpoint")).toEqual(other);
    }
  });
});

describe("a bit that flips in a checkpoint", () => {
  /** What a file with a flipped bit is decoded to; undefined if it is refused. */
  const decoded = async (file: Uint8Array, bit: number): Promise<Checkpoint | undefined> => {
    const flipped = file.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    try {
      return await decodeCheckpoint(flipped, "checkpoint");
    } catch (error) {
      expect(error, `bit ${bit}`).toBeInstanceOf(ModelFileError);
      return undefined;
    }
  };

  it("is refused, wherever it is", async () => {
    const counts = { refused: 0, unchanged: 0 };
    // About a thousand bits from all over the file; an odd step takes each of a byte's eight in turn.
    const step = 2 * Math.floor((8 * bytes.length) / 2000) + 1;
    for (let bit = 0; bit < 8 * bytes.length; bit += step) {
      const one = await decoded(bytes, bit);
      if (one) expect(one, `bit ${bit}`).toEqual(checkpoint);
      counts[one ? "unchanged" : "refused"]++;
    }
    expect(counts.unchanged).toBe(0);
    expect(counts.refused).toBeGreaterThan(900);
  }, 60_000);

  it("in the name of the digest is refused, so that a second one is not passed over", async () => {
    const at = 8 * Buffer.from(bytes).indexOf("denoise-wasm.sha256");
    for (let bit = at; bit < at + 8 * "denoise-wasm.sha256".length; bit++)
      expect(await decoded(bytes, bit), `bit ${bit}`).toBeUndefined();
  });

  it("is not seen in a file of an earlier version, which has no digest", async () => {
    const earlier = changed((_, metadata) => delete metadata["denoise-wasm.sha256"]);
    expect(await decodeCheckpoint(earlier, "checkpoint")).toEqual(checkpoint);
    const one = await decoded(earlier, 8 * earlier.length - 10);
    expect(one).not.toEqual(checkpoint);
  });

  it("is told from other faults", async () => {
    const flipped = bytes.slice();
    flipped[flipped.length - 2]! ^= 1;
    expect(await fault(flipped)).toMatch(
      /it is damaged: its SHA-256 is not the one.*Use an earlier checkpoint/,
    );
  });
});

it("a checkpoint may be changed as soon as the promise of its bytes is there", async () => {
  const tensors = new Map([...checkpoint.tensors].map(([name, values]) => [name, values.slice()]));
  const promise = encodeCheckpoint({ ...checkpoint, tensors });
  for (const values of tensors.values()) values.fill(0);
  expect(Buffer.compare(await promise, bytes)).toBe(0);
});

describe("refused, with the file's name and a remedy:", () => {
  const f32 = (shape: number[], ...values: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: Float32Array.from(values),
  });
  it.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /0 bytes/],
    ["a text", new TextEncoder().encode("not a checkpoint at all"), /header/],
    ["a file cut short", bytes.subarray(0, -4), /layer2\.weight\.accumulator/],
    ["a file with more at its end", Buffer.concat([bytes, new Uint8Array(4)]), /the data at/],
    ["a missing parameter", changed((t) => t.delete("layer2.bias")), /lacks the tensor "layer2\.bias" that/],
    [
      "a missing accumulator",
      changed((t) => t.delete("layer1.weight.accumulator")),
      /lacks the tensor "layer1\.weight\.accumulator"/,
    ],
    [
      "a missing average",
      changed((t) => t.delete("layer2.weight.average"), convBytes),
      /lacks the tensor "layer2\.weight\.average"/,
    ],
    [
      "the state of another optimiser",
      changed((t) => t.set("layer1.bias.mean", f32([5], 1, 2, 3, 4, 5))),
      /"layer1\.bias\.mean".*does not know/,
    ],
    [
      "a wrong shape",
      changed((t) => t.set("layer1.bias.accumulator", f32([1, 5], 1, 2, 3, 4, 5))),
      /"layer1\.bias\.accumulator" of shape \[1,5\].*\[5\]/,
    ],
    [
      "a wrong dtype",
      changed((t) => t.set("layer1.bias", { dtype: "F64", shape: [5], data: new Float64Array(5) })),
      /"layer1\.bias" as F64.*F32/,
    ],
    ["NaN", changedValue("layer1.bias", 2, Number.NaN), /layer1\.bias.*index 2/],
    ["an infinite accumulator", changedValue("layer1.bias.accumulator", 1, 1 / 0), /accumulator.*index 1/],
    ["an infinite mean", changedValue("layer1.bias.mean", 1, -1 / 0, convBytes), /mean.*index 1/],
    ["an accumulator of 0", changedValue("layer1.bias.accumulator", 3, 0), /has 0 in .*accumulator.*index 3/],
    [
      "a negative accumulator",
      changedValue("layer1.bias.accumulator", 3, -1),
      /has -1 in .*accumulator.*index 3/,
    ],
    [
      "a negative variance",
      changedValue("layer1.bias.variance", 0, -1, convBytes),
      /has -1 in .*variance.*index 0/,
    ],
    ["another format", changedMetadata("format", "denoise-wasm checkpoint 9"), /not a checkpoint/],
    ["no format", changedMetadata("format", undefined), /not a checkpoint of this package/],
    ["a model", changedMetadata("format", "denoise-wasm 1"), /not a checkpoint of this package/],
    ["broken JSON", changedMetadata("recipe", "{"), /recipe.*JSON/],
    ["no recipe", changedMetadata("recipe", undefined), /no recipe/],
    ["no run", changedMetadata("run", undefined), /no run/],
    ["a run that is nothing", changedMetadata("run", "null"), /run: it has to be an object/],
    [
      "a run that is its own prototype",
      changedMetadata("run", '{"__proto__":{"seed":1}}'),
      /"seed" is missing/,
    ],
    [
      "an unknown key in the recipe",
      changedJson("recipe", (recipe) => ({ ...recipe, dropout: 1 })),
      /recipe: unknown key "dropout"/,
    ],
    [
      "a recipe whose layers do not fit each other",
      changedJson("recipe", (recipe) => ({
        ...recipe,
        spec: { ...recipe.spec, input: { height: 1, width: 1, channels: 1 } },
      })),
      /puts out 12 values/,
    ],
    [
      "a recipe of another network",
      changedJson("recipe", () => smallRecipe({ size: [3, 4], units: [6, 12], epochs: 4, batch: 4 })),
      /of shape \[5,12\]; its recipe asks for \[6,12\]/,
    ],
    [
      "a recipe of a network far too large for any memory",
      changedJson("recipe", (recipe) => ({
        ...recipe,
        spec: {
          ...recipe.spec,
          layers: [{ type: "dense", units: 1 << 20, activation: "relu" }, ...recipe.spec.layers],
        },
      })),
      /layer3|asks for \[1048576,12\]/,
    ],
    [
      "an unknown key in the run",
      changedJson("run", (run) => ({ ...run, author: "me" })),
      /run: unknown key "author"/,
    ],
    [
      "a seed that is no number",
      changedJson("run", (run) => ({ ...run, seed: "1" })),
      /seed has to be a number/,
    ],
    [
      "a seed of 33 bits",
      changedJson("run", (run) => ({ ...run, seed: 2 ** 32 })),
      /seed has to be at most 4294967295/,
    ],
    [
      "an unknown build",
      changedJson("run", (run) => ({ ...run, variant: "native" })),
      /variant has to be .*"native"/,
    ],
    [
      "a build that does not fit the mode",
      changedJson("run", (run) => ({ ...run, variant: "relaxed" })),
      /mode is "reproducible" but the build "relaxed"/,
    ],
    [
      "fewer pictures than a batch has",
      changedJson("run", (run) => ({ ...run, data: { ...run.data, trainingImages: 3 } })),
      /batch has 4 pictures, but there are 3/,
    ],
    ["an epoch too far", changedPosition({ epoch: 4 }), /position\.epoch is 4, but 2 epochs ended/],
    ["epoch 0", changedPosition({ epoch: 0 }), /position\.epoch has to be at least 1/],
    ["half a batch", changedPosition({ batches: 1.5 }), /batches has to be a whole number/],
    ["a negative batch", changedPosition({ batches: -1 }), /batches has to be at least 0/],
    [
      "more batches than there are",
      changedPosition({ batches: 4 }),
      /position\.batches is 4, but there are 3/,
    ],
    ["a loss of no batches", changedPosition({ batches: 0 }), /lossSum is 0\.30000000000000004 before/],
    [
      "a loss that is not finite",
      changedPosition({ lossSum: Infinity }),
      /position\.lossSum has to be a number/,
    ],
    ["negative time", changedPosition({ seconds: -1 }), /position\.seconds has to be at least 0/],
    [
      "epochs out of order",
      changed((tensors, metadata) => {
        for (const value of ["loss", "seconds"]) tensors.delete(`epochs.${value}`);
        const run = JSON.parse(metadata["denoise-wasm.run"]!);
        metadata["denoise-wasm.run"] = JSON.stringify({ ...run, epochs: [...checkpoint.epochs].reverse() });
      }),
      /epochs\[0\] has the number 2/,
    ],
    ["no losses", changed((t) => t.delete("epochs.loss")), /it has no list "epochs\.loss" of F64/],
    [
      "losses as float32",
      changed((t) => t.set("epochs.loss", f32([2], 1, 2))),
      /it has no list "epochs\.loss" of F64/,
    ],
    [
      "a loss that is NaN",
      changedValue("epochs.loss", 1, Number.NaN),
      /has NaN in "epochs\.loss" at index 1/,
    ],
    [
      "negative time of an epoch",
      changedValue("epochs.seconds", 0, -1),
      /has -1 in "epochs\.seconds" at index 0/,
    ],
    [
      "fewer times than losses",
      changed((t) => t.set("epochs.seconds", { dtype: "F64", shape: [1], data: new Float64Array(1) })),
      /it has 2 losses of epochs, but 1 times/,
    ],
    [
      "epochs twice",
      changedJson("run", (run) => ({ ...run, epochs: checkpoint.epochs })),
      /"epochs\.loss" that its recipe does not know/,
    ],
    [
      "a step after the last epoch",
      changedJson("recipe", (recipe) => ({ ...recipe, epochs: 2 })),
      /position\.batches is 2, but there are 0/,
    ],
    [
      "more epochs than the recipe has",
      changedJson("recipe", (recipe) => ({ ...recipe, epochs: 1 })),
      /2 epochs ended of 1/,
    ],
  ])("%s", async (_, file, message) => {
    const said = await fault(file);
    expect(said).toMatch(message);
    expect(said).toMatch(/^runs\/a\/checkpoint\.safetensors/);
    expect(said).toMatch(/(copy, download or export it again|[Uu]se an earlier .*|Use the "checkpoint.*)\.$/);
  });

  it("as a model, which it is not", () => {
    expect(() => decodeModel(bytes, "checkpoint")).toThrow(/is a checkpoint, not a model/);
  });
});
