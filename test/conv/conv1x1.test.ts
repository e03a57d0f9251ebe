import { beforeAll, describe, expect, it } from "vitest";
import { Activation } from "../../assembly/constants.ts";
import { describeKernels } from "../support/builds.ts";
import { sameBytes } from "../support/bytes.ts";
import { nameOf, pointwiseChannels, pointwiseSizes } from "../support/cases.ts";
import { Comparison, forEachCase, roundoff } from "../support/comparison.ts";
import { type ConvValues, convValues } from "../support/conv-layer.ts";
import {
  inputGradientRoundings1x1,
  roundingsOf1x1,
  weightGradientRoundings1x1,
} from "../support/conv1x1-bounds.ts";
import { Conv1x1Layer } from "../support/conv1x1-layer.ts";
import { Kernels } from "../support/kernels.ts";
import * as naive from "../support/naive-conv.ts";

const abs = (values: ArrayLike<number>) => Float64Array.from(values, Math.abs);
const both = ({ dw, dbias }: { dw: Float64Array; dbias: Float64Array }) => Float64Array.of(...dw, ...dbias);

/** A layer with its values, and what it gives in float64, with the sums of the absolute values of all terms. */
function caseOf(window: naive.Window, stream: number) {
  const values = convValues(window, stream);
  const { x, w, bias, dy } = values;
  const gated = (dx: Float64Array) => dx.map((value, at) => (x[at]! > 0 ? value : 0));
  return {
    name: nameOf(window),
    values,
    y: naive.convolve(window, x, w, bias),
    yTerms: naive.convolve(window, x, abs(w), abs(bias)),
    dx: gated(naive.inputGradient(window, dy, w)),
    dxTerms: naive.inputGradient(window, abs(dy), abs(w)),
    dw: both(naive.weightGradient(window, dy, x)),
    dwTerms: both(naive.weightGradient(window, abs(dy), x)),
  };
}

/** Made once for all builds; those with one size together, as many as there are pairs of channels. */
const suites = [
  ...pointwiseSizes.map((size) => pointwiseChannels.map((channels) => ({ ...size, ...channels }))),
  [{ images: 2, height: 255, width: 257, ins: 3, outs: 5, padding: "zeros" } as const],
].map((windows, index) => {
  const cases = windows.map((window, at) =>
    caseOf({ ...window, side: 1, dilation: 1 }, 1000 + 100 * index + at),
  );
  const { images, height, width, padding } = windows[0]!;
  return { name: `${images} of ${height}×${width}, ${padding}`, cases };
});

describeKernels("kernels of 1×1 convolutions", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  describe.each(suites)("$name", ({ cases }) => {
    type Case = (typeof cases)[number];

    /** Every value is off by no more than its roundings, each of the sum of its terms' absolute values. */
    function expectClose(
      run: (layer: Conv1x1Layer) => Float32Array,
      wanted: (one: Case) => Float64Array,
      terms: (one: Case) => Float64Array,
      roundings: (window: naive.Window) => number,
    ): void {
      const comparison = new Comparison();
      forEachCase(cases, (one) => {
        const factor = roundings(one.values.window) * roundoff;
        const actual = run(new Conv1x1Layer(kernels, one.values));
        comparison.add(
          one.name,
          actual,
          wanted(one),
          terms(one).map((term) => factor * term),
        );
      });
      comparison.finish();
    }

    it("forward", () => {
      expectClose(
        (layer) => layer.forward(Activation.linear),
        ({ y }) => y,
        ({ yTerms }) => yTerms,
        roundingsOf1x1,
      );
    });

    it("forward with a ReLU: the same, and 0 for what is below", () => {
      forEachCase(cases, ({ name, values }) => {
        const layer = new Conv1x1Layer(kernels, values);
        const linear = layer.forward(Activation.linear);
        const rectified = layer.forward(Activation.relu);
        const at = rectified.findIndex((value, i) => !Object.is(value, Math.max(linear[i]!, 0)));
        if (at >= 0) throw new Error(`${name}: value ${at} is ${rectified[at]}, not that of ${linear[at]}`);
      });
    });

    it("input gradient behind a ReLU", () => {
      expectClose(
        (layer) => layer.inputGradient(),
        ({ dx }) => dx,
        ({ dxTerms }) => dxTerms,
        inputGradientRoundings1x1,
      );
    });

    it("gradients of weight and bias", () => {
      expectClose(
        (layer) => {
          const { dw, dbias } = layer.weightGradient();
          return Float32Array.of(...dw, ...dbias);
        },
        ({ dw }) => dw,
        ({ dwTerms }) => dwTerms,
        weightGradientRoundings1x1,
      );
    });
  });

  it("images that are added to a chunk one by one give the bytes of all at once", () => {
    const several = suites.flatMap(({ cases }) => cases).filter(({ values }) => values.window.images > 1);
    forEachCase(several, ({ name, values }) => {
      const layer = new Conv1x1Layer(kernels, values);
      const [each, all] = kernels.copy([layer.chunks(1), layer.chunkAtOnce()]);
      if (!sameBytes(each!, all!)) throw new Error(`${name}: other sums`);
    });
  });

  it.each([
    ["a pair of vectors", 8],
    ["one vector", 4],
    ["the last pixels of a row", 3],
  ])("keeps NaN through a ReLU, and only where it belongs: %s", (_, width) => {
    const size = { images: 1, height: 2, width, dilation: 1, padding: "zeros", side: 1 } as const;
    // The tiles of 6 and of 4 outputs, and the single ones.
    forEachCase([1, 5, 12, 14], (outs) => {
      const values: ConvValues = convValues({ ...size, ins: 2, outs }, 9000 + outs);
      values.x[width - 1] = Number.NaN;
      const y = new Conv1x1Layer(kernels, values).forward(Activation.relu);
      const wanted = naive.convolve(values.window, values.x, values.w, values.bias);
      expect(wanted.filter(Number.isNaN)).toHaveLength(outs);
      expect([...y].map(Number.isNaN)).toEqual([...wanted].map(Number.isNaN));
    });
  });
});
