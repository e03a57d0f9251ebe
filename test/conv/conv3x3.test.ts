import { beforeAll, describe, expect, it } from "vitest";
import { Activation } from "../../assembly/constants.ts";
import { gradientChunkBytes } from "../../assembly/conv/sizes.ts";
import { describeKernels } from "../support/builds.ts";
import { sameBytes } from "../support/bytes.ts";
import { convLayers, nameOf } from "../support/cases.ts";
import { Comparison, forEachCase, roundoff } from "../support/comparison.ts";
import { ConvLayer, convValues } from "../support/conv-layer.ts";
import { Kernels } from "../support/kernels.ts";
import * as naive from "../support/naive-conv.ts";
import {
  inputGradientTerms,
  roundingsOf,
  termsOf,
  weightGradientRoundings,
  weightGradientTerms,
} from "../support/winograd-bounds.ts";

const abs = (values: ArrayLike<number>) => Float64Array.from(values, Math.abs);

/** Made once for all builds. */
const cases = convLayers.map((window, index) => [nameOf(window), convValues(window, index)] as const);
const known = new Map<string, Float64Array>();
function once(key: string, compute: () => Float64Array): Float64Array {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}

/** Every value is off by no more than `roundings` roundings of its terms, the sum of their absolute values. */
function expectClose(
  actual: Float32Array,
  wanted: Float64Array,
  terms: Float64Array,
  roundings: number,
): void {
  const comparison = new Comparison();
  comparison.add(
    "the result",
    actual,
    wanted,
    terms.map((term) => roundings * roundoff * term),
  );
  // Bounds for the worst case of sums over whole pictures are some thousandths.
  comparison.finish(2e-3);
}

describeKernels("convolution kernels", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  describe.each(cases)("%s", (name, values) => {
    const { window, x, w, bias, dy } = values;

    it("forward", () => {
      const y = once(`${name} y`, () => naive.convolve(window, x, w, bias));
      const terms = once(`${name} y terms`, () => termsOf(window, x, w, bias));
      const layer = new ConvLayer(kernels, values);
      const linear = layer.forward(Activation.linear);
      expectClose(linear, y, terms, roundingsOf(window));
      const rectified = linear.map((value) => Math.max(value, 0));
      expect(firstDifference(layer.forward(Activation.relu), rectified)).toBe(-1);
    });

    it("input gradient behind a ReLU", () => {
      const gate = (dx: Float64Array) => dx.map((value, index) => (x[index]! > 0 ? value : 0));
      const dx = once(`${name} dx`, () => gate(naive.inputGradient(window, dy, w)));
      const terms = once(`${name} dx terms`, () => inputGradientTerms(window, abs(dy), w));
      // A pixel near a corner is mirrored three times.
      const roundings = roundingsOf({ ...window, ins: window.outs }) + 8;
      expectClose(new ConvLayer(kernels, values).inputGradient(), dx, terms, roundings);
    });

    it.each(window.padding === "zeros" ? [false, true] : [false])(
      "weight gradient, transposed: %s",
      (transposed) => {
        const both = (gradient: { dw: Float64Array; dbias: Float64Array }) =>
          Float64Array.of(...gradient.dw, ...gradient.dbias);
        const wanted = once(`${name} dw`, () => both(naive.weightGradient(window, dy, x)));
        const terms = once(`${name} dw terms ${transposed}`, () =>
          both(weightGradientTerms(window, abs(dy), x, transposed)),
        );
        const { dw, dbias } = new ConvLayer(kernels, values).weightGradient(transposed);
        expectClose(Float32Array.of(...dw, ...dbias), wanted, terms, weightGradientRoundings(window));
      },
    );
  });

  it("images that are added to a chunk one by one give the bytes of all at once", () => {
    const several = cases.filter(([, { window }]) => window.images > 1);
    forEachCase(several, ([name, values]) => {
      const { ins, outs, padding } = values.window;
      const transposed = outs <= 3 && padding === "zeros";
      const layer = new ConvLayer(kernels, values);
      const [as, bs] = transposed ? [ins, outs] : [outs, ins];
      const bytes = gradientChunkBytes(as, bs, transposed);
      const regions = [layer.chunks(transposed, 1), layer.chunkAtOnce(transposed)];
      const [each, all] = kernels.copy(regions.map((address) => ({ address, bytes })));
      if (!sameBytes(each!, all!)) throw new Error(`${name}: other sums`);
    });
  });

  it("keeps NaN through a ReLU", () => {
    const window = {
      images: 1,
      height: 2,
      width: 6,
      ins: 1,
      outs: 5,
      dilation: 1,
      padding: "zeros",
    } as const;
    const values = convValues(window, cases.length);
    values.x[0] = Number.NaN;
    const y = new ConvLayer(kernels, values).forward(Activation.relu);
    // The rows of a group are computed together.
    const wanted = naive.convolve(window, values.x, values.w, values.bias);
    expect(wanted.some(Number.isNaN)).toBe(true);
    for (const [at, value] of wanted.entries()) if (Number.isNaN(value)) expect(y[at]).toBeNaN();
  });
});

/** The first value that differs, or −1: toEqual takes its time with long arrays. */
function firstDifference(a: Float32Array, b: Float32Array): number {
  return a.length === b.length ? a.findIndex((value, at) => !Object.is(value, b[at])) : a.length;
}
