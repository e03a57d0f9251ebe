/** The operations on images in rows, those of networks of convolutions: see operations.ts. */
import {
  convolutionScratch,
  gradientChunkBytes,
  gradientChunkBytes1x1,
  groupsOf,
  groupsTogether,
  weightGradientScratch,
} from "../conv/sizes";
import { declare } from "./declaration";

/** Words for the size and layout of images in rows (conv/pixels.ts). */
const shape = { height: "count", width: "count", pitch: "address", rows: "count" } as const;

type Picture = Record<"height" | "width" | "depth", number>;
const floatPicture = { perPicture: ({ height, width, depth }: Picture) => 4 * height * width * depth };
const bytePicture = { perPicture: ({ height, width, depth }: Picture) => height * width * depth };
const valuePerPicture = { perPicture: () => 4 };
const imageRows = ({ height }: { height: number }) => height;

export const imageOperations = {
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
    words: { x: "address", y: "address", channels: "count", ...shape, xPitch: "address", xRows: "count" },
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
    scratch: ({ as, bs, height, width, dilation }) => weightGradientScratch(as, bs, height, width, dilation),
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
