/**
 * All operations of programs, each declared once: the kernel that it calls, the names of its words, how many items it has,
 * and how much scratch it needs. The build generates the walker's calls from these declarations (scripts/operations.js),
 * plans write records from them (src/network/program.ts), and profiles and tests read them. A new operation therefore
 * needs a kernel, a declaration here and a plan that uses it.
 *
 * A kernel is called with its words, in the order given here, and with a range of items, `first` to `last` − 1. The comment
 * at the kernel says what the words mean.
 */
import { muonScratch } from "../conv/sizes";
import { declare, lengthOf, type Word } from "./declaration";
import { denseOperations } from "./dense-operations";
import { imageOperations } from "./image-operations";

const valuePerPicture = { perPicture: () => 4 };
const lines = ({ count }: { count: number }) => count / 16;

/** Words of the updates. They update `count` parameters, a multiple of 16; an item is a cache line of each buffer. */
const update = { gradients: "address", settings: "address" } as const;

export const operations = {
  ...denseOperations,
  sumLoss: declare({
    kernel: "loss",
    words: { loss: "address", partials: "address", count: "count", divisor: "double" },
    items: () => 1,
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
  ...imageOperations,
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
