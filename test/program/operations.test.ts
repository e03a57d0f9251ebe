/** The declarations of operations, against the kernels and against the walker that is made from them. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { Activation, ImageLoss } from "../../assembly/constants.ts";
import { lengthOf, type Word } from "../../assembly/program/declaration.ts";
import { ARGUMENTS, GRAIN, ITEMS, OPCODE, RECORD_WORDS } from "../../assembly/program/layout.ts";
import { type OperationName, offsetsOf, opcodeOf, operations } from "../../assembly/program/operations.ts";
import { recordOf } from "../../src/network/program.ts";
import { Random } from "../../src/noise/rng.ts";
import { describeKernels, type KernelBuild } from "../support/builds.ts";
import { Kernels } from "../support/kernels.ts";

const names = Object.keys(operations) as OperationName[];
const wordsOf = (name: OperationName) => Object.entries<Word>(operations[name].words);
const textOf = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

const batch = { stride: 384, rows: 10 };
const { linear, relu } = Activation;
/** Images in rows, of 5 × 8 pixels and 2 or 3 channels. */
const shape = { height: 5, width: 8, pitch: 64, rows: 9 };
const tall = { ...shape, height: 9, rows: 13 };
const picture = { channels: 3, ...shape, depth: 2, used: 2, scale: 0.5 };
const halves = { ...shape, channels: 2, xPitch: 128, xRows: 18 };

/** Each operation at a small size, without its buffers, and how many bytes of these it writes. */
const samples: Record<
  Exclude<OperationName, "eachImage">,
  { values: Record<string, number>; bytes: number }
> = {
  packFloats: { values: { ...batch, columns: 37 }, bytes: 5 * 320 },
  packBytes: { values: { ...batch, columns: 37 }, bytes: 5 * 320 },
  unpackFloats: { values: { ...batch, columns: 37 }, bytes: 4 * 370 },
  denseForward: {
    values: { stride: 384, inPanels: 2, outColumns: 21, activation: linear },
    bytes: 3 * 384,
  },
  denseForwardVector: { values: { inPanels: 2, outColumns: 21, activation: linear }, bytes: 3 * 32 },
  meanSquaredError: {
    values: { ...batch, panels: 3, scale: 0.5, activation: relu },
    bytes: 3 * (320 + 8),
  },
  sumLoss: { values: { count: 5, divisor: 3 }, bytes: 8 },
  denseInputGradient: {
    values: { stride: 384, inPanels: 3, outPanels: 2, activation: relu },
    bytes: 3 * 384,
  },
  denseWeightGradient: { values: { ...batch, inPanels: 3, outPanels: 2 }, bytes: 2 * (3 * 256 + 32) },
  denseWeightGradientAdagrad: {
    values: { ...batch, inPanels: 3, outPanels: 2 },
    bytes: 2 * 2 * (3 * 256 + 32),
  },
  adagrad: { values: { count: 80 }, bytes: 2 * 320 },
  adam: { values: { count: 80 }, bytes: 3 * 320 },
  muon: { values: { outs: 6, ins: 5, taps: 9, scale: 0.5 }, bytes: 2 * 2 * 768 },
  average: { values: { count: 80 }, bytes: 320 },
  conv3x3TransposeWeights: { values: { ins: 6, outs: 5 }, bytes: 2 * 768 },
  conv3x3TransformWeights: { values: { ins: 4, outs: 6 }, bytes: 6 * 2 * 192 },
  conv3x3GatherWeights: { values: { ins: 4, outs: 6 }, bytes: 2 * 576 },
  sumChunks: { values: { stride: 512, count: 3, bytes: 320 }, bytes: 320 },
  gaussianNoise: { values: { pixels: 9, pictures: 3 }, bytes: 4 * 27 },
  imageFromFloats: { values: picture, bytes: 5 * 2 * 32 },
  imageFromBytes: { values: picture, bytes: 5 * 2 * 32 },
  imageToFloats: { values: picture, bytes: 5 * 2 * 32 },
  fillChannel: { values: { channel: 1, channels: 3, ...shape, scale: 0.5 }, bytes: 5 * 32 },
  residual: { values: { inputChannels: 3, channels: 2, ...shape }, bytes: 5 * 2 * 32 },
  addImages: { values: { gate: 0, channels: 2, ...shape }, bytes: 5 * 2 * 32 },
  imageLoss: {
    values: { channels: 2, ...shape, kind: ImageLoss.squared, scale: 0.5 },
    bytes: 5 * (2 * 32 + 8),
  },
  conv3x3: {
    values: { gate: 0, ins: 3, outs: 5, ...tall, dilation: 2, activation: linear },
    bytes: 9 * 5 * 32,
  },
  padReflected: {
    values: { channels: 2, ...shape, pad: 2 },
    bytes: 4 * 2 * (4 * 12 + 5 * 4),
  },
  foldReflected: { values: { channels: 2, ...shape, pad: 2 }, bytes: 5 * 2 * 32 },
  pixelUnshuffle: { values: { yChannels: 8, ...halves }, bytes: 5 * 8 * 32 },
  pixelShuffle: { values: halves, bytes: 10 * 2 * 64 },
  conv3x3WeightGradient: {
    values: { as: 5, bs: 3, ...tall, dilation: 2, sumOfB: 0 },
    bytes: 6 * 2 * 192 + 64,
  },
  conv1x1TransposeWeights: { values: { ins: 6, outs: 5 }, bytes: 2 * 128 },
  conv1x1: { values: { gate: 0, ins: 3, outs: 6, ...shape, activation: linear }, bytes: 5 * 6 * 32 },
  conv1x1WeightGradient: { values: { outs: 5, ins: 3, ...shape }, bytes: 2 * 64 + 64 },
};

describe.each(names)("%s", (name) => {
  it("has a kernel of its name where it says", () => {
    const path = `assembly/${operations[name].kernel}.ts`;
    expect(existsSync(new URL(`../../${path}`, import.meta.url))).toBe(true);
    // The walker itself does eachImage.
    const prefix = name === "eachImage" ? "" : "export ";
    expect(textOf(path)).toContain(`${prefix}function ${name}(`);
  });

  it("fits into a record, one word behind the other", () => {
    const offsets = [...offsetsOf(name, ARGUMENTS).values()];
    const lengths = wordsOf(name).map(([, word]) => lengthOf(word));
    expect(offsets[0]).toBe(ARGUMENTS);
    offsets.forEach((offset, index) => {
      expect(offset + lengths[index]!).toBe(offsets[index + 1] ?? offset + lengths[index]!);
      expect(offset + lengths[index]!).toBeLessThanOrEqual(RECORD_WORDS);
    });
  });
});

it("no two operations have one opcode, and none has that of the end", () => {
  const opcodes = names.map(opcodeOf);
  expect(opcodes).toEqual([...new Set(opcodes)]);
  expect(opcodes).not.toContain(0);
});

describe.each(Object.entries(samples))("the walker's call of %s", (key, { values }) => {
  const name = key as keyof typeof samples;
  const words = wordsOf(name);

  it("reads each word from where a record has it", () => {
    const call = new RegExp(`case (\\d+):\n {6}${name}\\((.*), first, last\\);`).exec(
      textOf("build/assembly/execute.ts"),
    )!;
    expect(Number(call[1])).toBe(opcodeOf(name));
    const given = Object.fromEntries(words.map(([word], index) => [word, values[word] ?? 4096 + 64 * index]));
    const scratch = { address: 64, bytes: 128 };
    const record = recordOf({ name, values: { ...values, ...given } }, scratch);
    const read = argumentsOf(call[2]!);
    expect(read).toHaveLength(words.length);
    for (const [index, [word, kind]] of words.entries()) {
      const { how, at } = read[index]!;
      const bits = new DataView(record.buffer, 4 * at);
      switch (kind) {
        case "begins":
          expect(how).toBe("begins");
          break;
        case "scratch":
          expect([how, bits.getUint32(0, true), bits.getUint32(4, true)]).toEqual(["thread", 64, 128]);
          break;
        case "float":
          expect([how, bits.getFloat32(0, true)]).toEqual(["float", given[word]]);
          break;
        case "double":
          expect([how, bits.getFloat64(0, true)]).toEqual(["double", given[word]]);
          break;
        case "address":
        case "count":
        case "flag":
        case "floatAt":
          expect([how, bits.getUint32(0, true)]).toEqual([kind, given[word]]);
          break;
        default: {
          const [part, bytesOf] =
            "perChunk" in kind ? (["chunk", kind.perChunk] as const) : (["shift", kind.perPicture] as const);
          const expected = [part, given[word], bytesOf(values as never)];
          expect([how, bits.getUint32(0, true), bits.getUint32(4, true)]).toEqual(expected);
        }
      }
    }
  });
});

/** How arguments in the text of a call are read, and from which word of the record. */
function argumentsOf(text: string): { how: string; at: number }[] {
  const forms: [RegExp, string | undefined][] = [
    [/^address\(op, (\d+)\)$/, "address"],
    [/^word\(op, (\d+)\)$/, "count"],
    [/^word\(op, (\d+)\) != 0$/, "flag"],
    [/^float\(op, (\d+)\)$/, "float"],
    [/^load<f32>\(address\(op, (\d+)\)\)$/, "floatAt"],
    [/^part\(op, (\d+), (thread|chunk|shift)\)$/, undefined],
  ];
  // Commas that no bracket follows before the next one opens.
  return text.split(/, (?![^(]*\))/).map((argument) => {
    if (argument === "begins") return { how: argument, at: 0 };
    const double = /^load<f64>\(op \+ (\d+)\)$/.exec(argument);
    if (double) return { how: "double", at: Number(double[1]) / 4 };
    for (const [form, how] of forms) {
      const found = form.exec(argument);
      if (found) return { how: how ?? found[2]!, at: Number(found[1]) };
    }
    throw new Error(`The walker reads ${argument}.`);
  });
}

const withThreads = ({ shared }: KernelBuild) => shared;
describeKernels("items", itemsSuite, withThreads);

function itemsSuite(build: KernelBuild): void {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  it.each(Object.entries(samples))("of %s write all of its results, each its own part", (key, sample) => {
    const name = key as keyof typeof samples;
    const random = new Random(11, 4);
    kernels.clear();
    const values: Record<string, number> = { ...sample.values };
    for (const [word, kind] of wordsOf(name)) {
      if (kind === "scratch" || kind === "begins" || word in values) continue;
      // Numbers that no sum makes small, and room before the first of them, for borders.
      const around = kernels.floats(Float32Array.from({ length: 6000 }, () => 0.5 + random.uniform()));
      values[word] = around + 4096;
    }
    const one = { name, values };
    const record = recordOf(one, { address: 0, bytes: 0 });
    const items = record[ITEMS]!;
    expect(record[OPCODE]).toBe(opcodeOf(name));
    expect(record[GRAIN]).toBeGreaterThan(0);
    const whole = kernels.wordsOf(one, 0, items);
    expect(4 * whole.size).toBe(sample.bytes);
    const seen = new Map<number, number>();
    for (let item = 0; item < items; item++) {
      const part = kernels.wordsOf(one, item, item + 1);
      expect(part.size).toBeGreaterThan(0);
      for (const [address, word] of part) {
        expect(seen.has(address)).toBe(false);
        seen.set(address, word);
      }
    }
    expect(new Map([...seen].sort(([a], [b]) => a - b))).toEqual(whole);
  });
}
