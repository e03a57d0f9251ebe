/**
 * All operations of programs, each declared once: the kernel that it calls, the names of its words, how many items it has,
 * and how much scratch it needs. The build generates the walker's calls from these declarations (scripts/operations.js),
 * plans write records from them (src/network/program.ts), and profiles and tests read them. A new operation therefore
 * needs a kernel, a declaration here and a plan that uses it.
 *
 * A kernel is called with its words, in the order given here, and with a range of items, `first` to `last` − 1. The comment
 * at the kernel says what the words mean.
 */
import {
  convolutionScratch,
  gradientChunkBytes,
  gradientChunkBytes1x1,
  groupsOf,
  groupsTogether,
  muonScratch,
  weightGradientScratch as convWeightGradientScratch,
} from "../conv/sizes.ts";
import { panelsOf, rowGroupsOf, TRANSPOSED_PANEL, weightGradientScratch } from "../dense/sizes.ts";
import { declare, lengthOf, type Word } from "./declaration.ts";

/** Words for the size and layout of images in rows (conv/pixels.ts). */
const shape = { height: "count", width: "count", pitch: "address", rows: "count" } as const;

type Picture = Record<"height" | "width" | "depth", number>;
const floatPicture = { perPicture: ({ height, width, depth }: Picture) => 4 * height * width * depth };
const bytePicture = { perPicture: ({ height, width, depth }: Picture) => height * width * depth };
const valuePerPicture = { perPicture: () => 4 };

const panels = ({ columns }: { columns: number }) => panelsOf(columns);
const imageRows = ({ height }: { height: number }) => height;
const lines = ({ count }: { count: number }) => count / 16;

/** Words of the updates. They update `count` parameters, a multiple of 16; an item is a cache line of each buffer. */
const update = { gradients: "address", settings: "address" } as const;

export const operations = {
  packFloats: declare({
    kernel: "dense/panels",
    words: { panels: "address", stride: "address", source: "address", rows: "count", columns: "count" },
    items: panels,
  }),
  packBytes: declare({
    kernel: "dense/panels",
    words: { panels: "address", stride: "address", source: "address", rows: "count", columns: "count" },
    items: panels,
  }),
  unpackFloats: declare({
    kernel: "dense/panels",
    words: { target: "address", panels: "address", stride: "address", rows: "count", columns: "count" },
    items: panels,
  }),
  denseForward: declare({
    kernel: "dense/dense",
    words: {
      y: "address",
      x: "address",
      w: "address",
      bias: "address",
      stride: "address",
      inPanels: "count",
      outColumns: "count",
      activation: "count",
    },
    items: ({ stride, outColumns }) => panelsOf(outColumns) * rowGroupsOf(stride),
    run: ({ stride }) => rowGroupsOf(stride),
    multiplies: true,
  }),
  denseForwardVector: declare({
    kernel: "dense/dense",
    words: {
      y: "address",
      x: "address",
      w: "address",
      bias: "address",
      inPanels: "count",
      outColumns: "count",
      activation: "count",
    },
    items: ({ outColumns }) => panelsOf(outColumns),
    multiplies: true,
  }),
  meanSquaredError: declare({
    kernel: "loss",
    words: {
      dy: "address",
      y: "address",
      target: "address",
      stride: "address",
      rows: "count",
      partials: "address",
      scale: "float",
      activation: "count",
    },
    sizes: ["panels"],
    items: ({ panels }) => panels,
  }),
  sumLoss: declare({
    kernel: "loss",
    words: { loss: "address", partials: "address", count: "count", divisor: "double" },
    items: () => 1,
  }),
  denseInputGradient: declare({
    kernel: "dense/dense",
    words: {
      dx: "address",
      dy: "address",
      w: "address",
      x: "address",
      zeros: "address",
      scratch: "scratch",
      stride: "address",
      inPanels: "count",
      outPanels: "count",
      activation: "count",
    },
    items: ({ stride, inPanels }) => inPanels * rowGroupsOf(stride),
    run: ({ stride }) => rowGroupsOf(stride),
    scratch: () => TRANSPOSED_PANEL,
    multiplies: true,
  }),
  denseWeightGradient: declare({
    kernel: "dense/dense",
    words: {
      dw: "address",
      dbias: "address",
      dy: "address",
      x: "address",
      stride: "address",
      rows: "count",
      inPanels: "count",
    },
    sizes: ["outPanels"],
    items: ({ inPanels, outPanels }) => inPanels * outPanels,
    run: ({ inPanels }) => inPanels,
    multiplies: true,
  }),
  denseWeightGradientAdagrad: declare({
    kernel: "dense/dense",
    words: {
      w: "address",
      wSums: "address",
      bias: "address",
      biasSums: "address",
      scratch: "scratch",
      dy: "address",
      x: "address",
      stride: "address",
      rows: "count",
      inPanels: "count",
      rate: "floatAt",
    },
    sizes: ["outPanels"],
    items: ({ inPanels, outPanels }) => inPanels * outPanels,
    run: ({ inPanels }) => inPanels,
    scratch: ({ stride }) => weightGradientScratch(stride),
    multiplies: true,
  }),
  adagrad: declare({
    kernel: "optimizers",
    words: { parameters: "address", sums: "address", ...update },
    sizes: ["count"],
    items: lines,
  }),
  adam: declare({
    kernel: "optimizers",
    words: { parameters: "address", means: "address", variances: "address", ...update },
    sizes: ["count"],
    items: lines,
  }),
  muon: declare({
    kernel: "conv/muon",
    words: {
      parameters: "address",
      means: "address",
      ...update,
      scratch: "scratch",
      outs: "count",
      ins: "count",
      taps: "count",
      scale: "float",
    },
    items: () => 1,
    scratch: ({ outs, ins, taps }) => muonScratch(outs, ins, taps),
  }),
  average: declare({
    kernel: "optimizers",
    words: { averages: "address", parameters: "address", settings: "address" },
    sizes: ["count"],
    items: lines,
  }),
  conv3x3TransposeWeights: declare({
    kernel: "conv/conv3x3-weights",
    words: { wt: "address", w: "address", ins: "count", outs: "count" },
    items: ({ ins }) => (ins + 3) >> 2,
  }),
  conv3x3TransformWeights: declare({
    kernel: "conv/conv3x3-weights",
    words: { u: "address", w: "address", ins: "count", outs: "count" },
    items: ({ outs }) => (outs + 3) >> 2,
  }),
  conv3x3GatherWeights: declare({
    kernel: "conv/conv3x3-weights",
    words: { dw: "address", sums: "address", ins: "count", outs: "count" },
    items: ({ outs }) => (outs + 3) >> 2,
  }),
  sumChunks: declare({
    kernel: "conv/conv3x3-gradient",
    words: { to: "address", from: "address", stride: "address", count: "count" },
    sizes: ["bytes"],
    items: ({ bytes }) => bytes / 64,
  }),
  /**
   * Runs the `operations` records that follow, its body, for each image of a batch in turn. An item is a chunk: successive
   * images that one thread takes together. If `only` is not 0, only image number `only` − 1 is run. This is the one
   * operation that the walker does itself.
   */
  eachImage: declare({
    kernel: "program/program",
    words: { images: "count", chunks: "count", operations: "count", only: "count" },
    items: ({ chunks }) => chunks,
    run: () => 1,
  }),
  gaussianNoise: declare({
    kernel: "noise",
    words: {
      input: { perPicture: ({ pixels }: { pixels: number }) => 4 * pixels },
      target: { perPicture: ({ pixels }: { pixels: number }) => pixels },
      levels: valuePerPicture,
      streams: { perPicture: () => 12 },
      pixels: "count",
    },
    sizes: ["pictures"],
    items: ({ pictures }) => pictures,
  }),
  imageFromFloats: declare({
    kernel: "conv/pixels",
    words: { x: "address", source: floatPicture, channels: "count", ...shape, depth: "count", used: "count", scale: "float" },
    items: imageRows,
  }),
  imageFromBytes: declare({
    kernel: "conv/pixels",
    words: { x: "address", source: bytePicture, channels: "count", ...shape, depth: "count", used: "count", scale: "float" },
    items: imageRows,
  }),
  imageToFloats: declare({
    kernel: "conv/pixels",
    words: { target: floatPicture, x: "address", channels: "count", ...shape, depth: "count", used: "count", scale: "float" },
    items: imageRows,
  }),
  fillChannel: declare({
    kernel: "conv/pixels",
    words: { x: "address", values: valuePerPicture, channel: "count", channels: "count", ...shape, scale: "float" },
    items: imageRows,
  }),
  residual: declare({
    kernel: "conv/pixels",
    words: {
      out: "address",
      input: "address",
      prediction: "address",
      inputChannels: "count",
      channels: "count",
      ...shape,
    },
    items: imageRows,
  }),
  addImages: declare({
    kernel: "conv/pixels",
    words: { out: "address", a: "address", b: "address", gate: "address", channels: "count", ...shape },
    items: imageRows,
  }),
  imageLoss: declare({
    kernel: "loss",
    words: {
      dout: "address",
      out: "address",
      target: "address",
      weights: valuePerPicture,
      partials: { perPicture: ({ height }: { height: number }) => 8 * height },
      channels: "count",
      ...shape,
      kind: "count",
      scale: "float",
    },
    items: imageRows,
  }),
  conv3x3: declare({
    kernel: "conv/conv3x3",
    words: {
      y: "address",
      x: "address",
      u: "address",
      bias: "address",
      gate: "address",
      scratch: "scratch",
      ins: "count",
      outs: "count",
      ...shape,
      dilation: "count",
      activation: "count",
    },
    items: ({ height, dilation }) => groupsOf(height, dilation),
    run: ({ width }) => groupsTogether(width),
    scratch: ({ ins, outs }) => convolutionScratch(ins, outs),
    multiplies: true,
  }),
  padReflected: declare({
    kernel: "conv/padding",
    words: { x: "address", channels: "count", ...shape, pad: "count" },
    items: ({ height, pad }) => height + 2 * pad,
  }),
  foldReflected: declare({
    kernel: "conv/padding",
    words: { dx: "address", dpadded: "address", gate: "address", channels: "count", ...shape, pad: "count" },
    items: imageRows,
  }),
  pixelUnshuffle: declare({
    kernel: "conv/pixels",
    words: {
      y: "address",
      x: "address",
      yChannels: "count",
      channels: "count",
      ...shape,
      xPitch: "address",
      xRows: "count",
    },
    items: imageRows,
  }),
  pixelShuffle: declare({
    kernel: "conv/pixels",
    words: {
      x: "address",
      y: "address",
      yChannels: "count",
      channels: "count",
      ...shape,
      xPitch: "address",
      xRows: "count",
    },
    items: imageRows,
  }),
  conv3x3WeightGradient: declare({
    kernel: "conv/conv3x3-gradient",
    words: {
      chunk: {
        perChunk: ({ as, bs, sumOfB }: Record<"as" | "bs" | "sumOfB", number>) =>
          gradientChunkBytes(as, bs, sumOfB !== 0),
      },
      scratch: "scratch",
      a: "address",
      b: "address",
      as: "count",
      bs: "count",
      ...shape,
      dilation: "count",
      sumOfB: "flag",
      begins: "begins",
    },
    items: () => 1,
    scratch: ({ as, bs, height, width, dilation }) => convWeightGradientScratch(as, bs, height, width, dilation),
    multiplies: true,
  }),
  conv1x1TransposeWeights: declare({
    kernel: "conv/conv1x1",
    words: { wt: "address", w: "address", ins: "count", outs: "count" },
    items: ({ ins }) => (ins + 3) >> 2,
  }),
  conv1x1: declare({
    kernel: "conv/conv1x1",
    words: {
      y: "address",
      x: "address",
      w: "address",
      bias: "address",
      gate: "address",
      ins: "count",
      outs: "count",
      ...shape,
      activation: "count",
    },
    items: imageRows,
    multiplies: true,
  }),
  conv1x1WeightGradient: declare({
    kernel: "conv/conv1x1",
    words: {
      chunk: { perChunk: ({ outs, ins }: Record<"outs" | "ins", number>) => gradientChunkBytes1x1(outs, ins) },
      dy: "address",
      x: "address",
      outs: "count",
      ins: "count",
      ...shape,
      begins: "begins",
    },
    items: () => 1,
    multiplies: true,
  }),
} as const;

export type OperationName = keyof typeof operations;

/** What a plan gives for an operation: the values of its words, and of its `sizes`. */
export type OperationValues<Name extends OperationName> = Parameters<(typeof operations)[Name]["items"]>[0];

/** An operation's opcode. */
export function opcodeOf(name: OperationName): number {
  return Object.keys(operations).indexOf(name) + 1;
}

/** Where each declared word of an operation begins in its record, if the arguments begin at word `first`. */
export function offsetsOf(name: OperationName, first: number): Map<string, number> {
  let at = first;
  const offsets = new Map<string, number>();
  for (const [word, kind] of Object.entries<Word>(operations[name].words)) {
    offsets.set(word, at);
    at += lengthOf(kind);
  }
  return offsets;
}
