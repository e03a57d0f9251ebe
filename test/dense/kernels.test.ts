import { beforeAll, describe, expect, it } from "vitest";
import { Activation } from "../../assembly/constants.ts";
import { panelsOf } from "../../assembly/dense/sizes.ts";
import { operation } from "../../src/network/program.ts";
import type { ActivationName } from "../../src/network/spec.ts";
import * as bounds from "../support/bounds.ts";
import { type BoundedLayer, exact, timesDerivative } from "../support/bounds.ts";
import { describeKernels } from "../support/builds.ts";
import { sameBytes } from "../support/bytes.ts";
import { activations, matrices, recipeDense, smallDense } from "../support/cases.ts";
import { Comparison, forEachCase, roundoff } from "../support/comparison.ts";
import {
  type DenseValues,
  denseValues,
  forward,
  inputGradient,
  inputOf,
  normal,
  update,
  weightGradient,
} from "../support/dense-layer.ts";
import { Kernels } from "../support/kernels.ts";
import * as naive from "../support/naive.ts";
import { placeBatch, placeVector, requireZeroPadding, rowsOf, valuesOf } from "../support/panels.ts";

const label = ({ rows, inputs, units }: naive.Sizes) => `${rows} rows, ${inputs} to ${units}`;
const boundedLayer = (one: DenseValues, activation: ActivationName): BoundedLayer => ({
  ...one.sizes,
  activation,
  weight: exact(one.weight),
  bias: exact(one.bias),
});

/** What the twins say of a case, once for all builds. */
interface Expectation {
  readonly one: DenseValues;
  readonly forward: ReadonlyMap<ActivationName, bounds.Bounded>;
  readonly inputGradient: bounds.Bounded;
  readonly weightGradient: { weight: bounds.Bounded; bias: bounds.Bounded };
}

function expectationOf(sizes: naive.Sizes, kinds: readonly ActivationName[]): Expectation {
  const one = denseValues(sizes);
  const { rows } = sizes;
  const layer = boundedLayer(one, "linear");
  return {
    one,
    forward: new Map(
      kinds.map((kind) => [kind, bounds.denseForward(exact(one.x), boundedLayer(one, kind), rows)]),
    ),
    inputGradient: bounds.denseInputGradient(exact(one.dy), layer, rows),
    weightGradient: bounds.denseWeightGradient(exact(one.dy), exact(one.x), layer, rows),
  };
}

let small: Expectation[] | undefined;
let recipe: Expectation[] | undefined;
const expectations = {
  small: () => (small ??= smallDense.map((sizes) => expectationOf(sizes, activations))),
  recipe: () => (recipe ??= recipeDense.map((sizes) => expectationOf(sizes, ["linear", "sigmoid"]))),
};

describeKernels("dense layers", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  describe.each(["small", "recipe"] as const)("%s sizes", (group) => {
    it("forward: every output within the bound of its sum, padding columns zero", () => {
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, forward: expected }) => {
        for (const [activation, { value, error }] of expected) {
          const what = `${label(one.sizes)}, ${activation}`;
          const compare = (vector: boolean) => {
            const y = forward(kernels, one, activation, vector);
            comparison.add(what, valuesOf(kernels, y), value, error);
            requireZeroPadding(kernels, y, what);
          };
          compare(false);
          if (one.sizes.rows === 1) compare(true);
        }
      });
      comparison.finish();
    });

    it("input gradient: every value within the bound of its sum, padding columns zero", () => {
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, inputGradient: expected }) => {
        for (const activation of activations) {
          const { value, error } = timesDerivative(expected, exact(inputOf(one, activation)), activation);
          const dx = inputGradient(kernels, one, activation);
          const what = `${label(one.sizes)}, ${activation}`;
          comparison.add(what, valuesOf(kernels, dx), value, error);
          requireZeroPadding(kernels, dx, what);
        }
      });
      comparison.finish();
    });

    it("weight gradient: every value within the bound of its sum, padding zero", () => {
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, weightGradient: { weight, bias } }) => {
        const { inputs, units } = one.sizes;
        const what = label(one.sizes);
        const { dw, dbias } = weightGradient(kernels, one);
        const actual = naive.transpose(valuesOf(kernels, dw), inputs, units);
        comparison.add(`${what}, dW`, actual, weight.value, weight.error);
        const sums = kernels.float32(dbias, 8 * panelsOf(units));
        comparison.add(`${what}, dbias`, sums.slice(0, units), bias.value, bias.error);
        requireZeroPadding(kernels, dw, what, true);
        if (sums.slice(units).some((sum) => sum !== 0)) throw new Error(`${what}: padding is not zero`);
      });
      comparison.finish();
    });
  });

  it("weight gradient and Adagrad at once give the bytes of one after the other", () => {
    forEachCase(smallDense, (sizes) => {
      const one = denseValues(sizes);
      const accumulators = normal(sizes.units * sizes.inputs).map((s) => s * s + 0.1);
      const separate = update(kernels, one, accumulators, false);
      const fused = update(kernels, one, accumulators, true);
      if (!sameBytes(fused, separate)) throw new Error(`${label(sizes)}: the fused update differs`);
    });
  });

  it("NaN and infinity go through, and only where they belong", () => {
    const sizes = { rows: 13, inputs: 9, units: 11 };
    for (const activation of activations) {
      const one = denseValues(sizes);
      one.x[5 * sizes.inputs + 3] = Number.NaN;
      const y = valuesOf(kernels, forward(kernels, one, activation));
      y.forEach((value, index) => {
        expect(Number.isNaN(value)).toBe(Math.floor(index / sizes.units) === 5);
      });
    }
    const infinite = denseValues(sizes);
    infinite.x[2 * sizes.inputs] = Number.POSITIVE_INFINITY;
    const signs = infinite.weight.filter((_, index) => index % sizes.inputs === 0);
    const row = (activation: ActivationName) =>
      valuesOf(kernels, forward(kernels, infinite, activation)).slice(2 * sizes.units, 3 * sizes.units);
    expect([...row("linear")]).toEqual([...signs].map((w) => w * Number.POSITIVE_INFINITY));
    expect([...row("sigmoid")]).toEqual([...signs].map((w) => (w > 0 ? 1 : 0)));
    expect([...row("relu")]).toEqual([...signs].map((w) => (w > 0 ? Number.POSITIVE_INFINITY : 0)));

    const gradient = denseValues(sizes);
    gradient.dy[7 * sizes.units + 10] = Number.NaN;
    const dx = valuesOf(kernels, inputGradient(kernels, gradient, "sigmoid"));
    dx.forEach((value, index) => {
      expect(Number.isNaN(value)).toBe(Math.floor(index / sizes.inputs) === 7);
    });
    const { dw, dbias } = weightGradient(kernels, gradient);
    valuesOf(kernels, dw).forEach((value, index) => {
      expect(Number.isNaN(value)).toBe(index % sizes.units === 10);
    });
    expect([...kernels.float32(dbias, sizes.units)].map(Number.isNaN).indexOf(true)).toBe(10);
  });
});

describeKernels("Adagrad", (build) => {
  it("takes steps that can be computed by hand", async () => {
    const kernels = await Kernels.create(build);
    // √(16 + 3²) = 5, √(0 + 2²) = 2, √(144 + 5²) = 13; no gradient, no step.
    const actual = adagrad(kernels, [10, 1, -1, 7], [16, 0, 144, 1], [3, -2, 5, 0], 0.5);
    const expected = [10 - 0.5 * (3 / 5), 1 + 0.5, -1 - 0.5 * (5 / 13), 7];
    const comparison = new Comparison();
    // The quotient, the product and the difference are rounded.
    comparison.add(
      "w",
      actual.w,
      expected,
      [3, 3, 3, 0].map((n, i) => n * roundoff * Math.abs(expected[i]!)),
    );
    comparison.finish(1e-6);
    expect([...actual.s]).toEqual([25, 4, 169, 1]);
  });

  it("is within some roundings of the twin, over twelve orders of magnitude", async () => {
    const kernels = await Kernels.create(build);
    const rate = Math.fround(0.1);
    const comparison = new Comparison();
    forEachCase([16, 32, 48, 112, 208], (length) => {
      const [w, g] = [normal(length), normal(length).map((value, i) => value * 10 ** ((i % 13) - 6))];
      const s = normal(length).map((value) => value * value + 0.1);
      const actual = adagrad(kernels, w, s, g, rate);
      const { value, accumulator } = bounds.adagrad(exact(w), exact(s), exact(g), rate);
      comparison.add("w", actual.w, value.value, value.error);
      comparison.add("s", actual.s, accumulator.value, accumulator.error);
    });
    comparison.finish();
  });

  /** w and s after a step; filled up with zeros to whole items. */
  function adagrad(kernels: Kernels, w: naive.Values, s: naive.Values, g: naive.Values, rate: number) {
    kernels.clear();
    const [parameters, sums, gradients] = [
      placeVector(kernels, w),
      placeVector(kernels, s, 1),
      placeVector(kernels, g),
    ];
    const values = {
      parameters: parameters.address,
      sums: sums.address,
      gradients: gradients.address,
      settings: kernels.floats([rate]),
      count: parameters.bytes / 4,
    };
    kernels.run(operation("adagrad", values), [parameters, sums]);
    return { w: kernels.float32(parameters.address, w.length), s: kernels.float32(sums.address, s.length) };
  }
});

describeKernels("mean squared error", (build) => {
  it.each(activations)("loss and gradient through %s within their bounds", async (activation) => {
    const kernels = await Kernels.create(build);
    const losses = new Comparison();
    const gradients = new Comparison();
    forEachCase([...matrices, { rows: 100, columns: 96 }], ({ rows, columns }) => {
      kernels.clear();
      // A sigmoid's output, clear of relu's corner.
      const y = normal(rows * columns).map((value) => 1 / (1 + Math.exp(-value)));
      const target = normal(rows * columns);
      const dy = placeBatch(kernels, rows, columns);
      const panels = panelsOf(columns);
      const partials = kernels.place(8 * panels);
      const loss = kernels.place(8);
      kernels.run(
        operation("meanSquaredError", {
          dy: dy.address,
          y: placeBatch(kernels, rows, columns, y).address,
          target: placeBatch(kernels, rows, columns, target).address,
          stride: dy.stride,
          rows,
          panels,
          partials,
          scale: 2 / (rows * columns),
          activation: Activation[activation],
        }),
        [...rowsOf(dy), { address: partials, bytes: 8 * panels }],
      );
      kernels.run(operation("sumLoss", { loss, partials, count: panels, divisor: rows * columns }), [
        { address: loss, bytes: 8 },
      ]);
      const what = `${rows} × ${columns}`;
      const expected = bounds.meanSquaredError(exact(y), target);
      const through = timesDerivative(expected.dy, exact(y), activation);
      gradients.add(what, valuesOf(kernels, dy), through.value, through.error);
      losses.add(what, kernels.float64(loss), [expected.loss.value], [expected.loss.error]);
      requireZeroPadding(kernels, dy, what);
    });
    gradients.finish(1e-6);
    losses.finish(1e-6);
  });
});

describeKernels("packing", (build) => {
  it("floats and bytes to panels and back are exact", async () => {
    const kernels = await Kernels.create(build);
    forEachCase(matrices, ({ rows, columns }) => {
      const floats = normal(rows * columns);
      const bytes = Uint8Array.from(floats, (value) => Math.abs(value) * 80);
      for (const [name, values] of [
        ["packFloats", floats],
        ["packBytes", bytes],
      ] as const) {
        kernels.clear();
        const packed = placeBatch(kernels, rows, columns);
        const shape = { panels: packed.address, stride: packed.stride, rows, columns };
        const source = name === "packFloats" ? kernels.floats(values) : kernels.bytes(values);
        kernels.run(operation(name, { ...shape, source }), rowsOf(packed));
        const what = `${name}, ${rows} × ${columns}`;
        requireZeroPadding(kernels, packed, what);
        if (!sameValues(valuesOf(kernels, packed), values)) throw new Error(`${what}: values differ`);
        const target = kernels.place(4 * values.length);
        kernels.run(operation("unpackFloats", { ...shape, target }), [
          { address: target, bytes: 4 * values.length },
        ]);
        if (!sameValues(kernels.float32(target, values.length), values)) {
          throw new Error(`unpackFloats, ${what}: values differ`);
        }
      }
    });
  });
});

const sameValues = (a: naive.Values, b: naive.Values) =>
  a.length === b.length && Array.prototype.every.call(a, (value, index) => Object.is(value, b[index]));

describeKernels("sigmoid", (build) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await Kernels.create(build);
  });

  /** The kernel's sigmoid of any values: a layer of 8 units whose weights are the identity. */
  function sigmoid(values: readonly number[]): Float32Array {
    const rows = Math.ceil(values.length / 8);
    const x = Float32Array.from({ length: 8 * rows }, (_, index) => values[index] ?? 0);
    const weight = Float32Array.from({ length: 64 }, (_, index) => (index % 9 === 0 ? 1 : 0));
    const sizes = { rows, inputs: 8, units: 8 };
    const one = { sizes, x, squashed: x, weight, bias: new Float32Array(8), dy: x };
    return valuesOf(kernels, forward(kernels, one, "sigmoid")).slice(0, values.length);
  }

  /** Ascending, each a float32: dense near 0 and over the whole range. */
  const grid = Float32Array.from(
    [
      ...Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 200),
      ...Array.from({ length: 4_000 }, (_, i) => 10 ** (-6 + i / 500)),
      ...Array.from({ length: 4_000 }, (_, i) => -(10 ** (-6 + i / 500))),
    ].filter((x) => Math.abs(x) <= 100),
  ).sort();

  it("is within 2.5 ulp of the exact value down to −64, and 0 below", () => {
    const actual = sigmoid([...grid]);
    let worst = 0;
    grid.forEach((x, i) => {
      const exactly = 1 / (1 + Math.exp(-x));
      const error = Math.abs(actual[i]! - (x < -64 ? 0 : exactly));
      worst = Math.max(worst, error / ulp(exactly));
    });
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(2.5);
  });

  it("rises, but for 2 ulp", () => {
    const actual = sigmoid([...grid]);
    const steps = actual.slice(1).map((y, i) => (y - actual[i]!) / ulp(Math.max(y, 2 ** -100)));
    expect(steps.length).toBeGreaterThan(0);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(-2);
  });

  it("is exact at the ends and in the middle, and lets NaN through", () => {
    const ends = [
      Number.NEGATIVE_INFINITY,
      -3e38,
      -65,
      -64,
      0,
      -0,
      17,
      88,
      1e4,
      3e38,
      Number.POSITIVE_INFINITY,
    ];
    const expected = [0, 0, 0, 1 / (1 + Math.exp(64)), 0.5, 0.5, 1, 1, 1, 1, 1];
    // Infinity × 0 in the sum of another unit is NaN, so each end is asked alone.
    for (const [index, x] of ends.entries()) {
      const [alone] = sigmoid([x]);
      if (x === -64)
        expect(Math.abs(alone! - expected[index]!)).toBeLessThanOrEqual(2.5 * ulp(expected[index]!));
      else expect([x, alone]).toEqual([x, expected[index]]);
    }
    expect(sigmoid([Number.NaN])[0]).toBeNaN();
  });

  /** The distance of float32 values near x. */
  function ulp(x: number): number {
    return 2 ** (Math.floor(Math.log2(x)) - 23);
  }
});
