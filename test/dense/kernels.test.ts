import { describe, expect, it } from "vitest";
import { Activation, Op, RUN, SCRATCH, SCRATCH_PANELS } from "../../assembly/program/opcodes.ts";
import type { ActivationName } from "../../src/network/spec.ts";
import { Random } from "../../src/noise/rng.ts";
import * as bounds from "../support/bounds.ts";
import { type BoundedLayer, exact, timesDerivative } from "../support/bounds.ts";
import { describeSingleThreadedBuilds } from "../support/builds.ts";
import { concatenate, sameBytes } from "../support/bytes.ts";
import { Comparison, forEachCase, roundoff } from "../support/comparison.ts";
import * as naive from "../support/naive.ts";
import { Operations, type Panels } from "../support/operations.ts";

/** Around the tiles of 4, 6, 8 and 12, and primes. */
const tileSizes = [1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13];
const primes = [17, 23, 29];
/** Around the runs of 112 products that sums are made of. */
const runSizes = [111, 112, 113, 224, 227];
const activations = ["linear", "sigmoid", "relu"] as const;

const smallSizes: naive.Sizes[] = [
  ...[...tileSizes, ...primes].flatMap((rows) =>
    tileSizes.flatMap((inputs) => tileSizes.map((units) => ({ rows, inputs, units }))),
  ),
  ...[...primes, ...runSizes].flatMap((inputs) =>
    [1, 5, 12, 13, 24, 25].map((rows) => ({ rows, inputs, units: 9 })),
  ),
  ...[...primes, ...runSizes].flatMap((units) =>
    [1, 5, 12, 13, 24, 25].map((rows) => ({ rows, inputs: 9, units })),
  ),
];
const recipeUnits = [784, 256, 32, 32, 256, 784];
const recipeSizes: naive.Sizes[] = recipeUnits
  .slice(1)
  .map((units, index) => ({ rows: 100, inputs: recipeUnits[index]!, units }));

const SMALL = 1 << 19;
const LARGE = 1 << 24;

let stream = 0;
/** Values of N(0, 1) × scale, others at each call. */
function normal(length: number, scale = 1): Float32Array {
  const values = new Float32Array(length);
  new Random(1, 4, stream++).fillNormal(values, scale);
  return values;
}

/** A layer and a batch of random values. */
interface Case {
  readonly sizes: naive.Sizes;
  readonly x: Float32Array;
  /** x as a sigmoid puts it out. */
  readonly squashed: Float32Array;
  readonly dy: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

function randomCase(sizes: naive.Sizes): Case {
  const { rows, inputs, units } = sizes;
  const x = normal(rows * inputs);
  return {
    sizes,
    x,
    squashed: x.map((value) => naive.activate(value, "sigmoid")),
    dy: normal(rows * units),
    weight: normal(units * inputs, 1 / Math.sqrt(inputs)),
    bias: normal(units),
  };
}

/** What the activation before the layer may have put out. */
const outputOf = ({ x, squashed }: Case, activation: ActivationName) =>
  activation === "sigmoid" ? squashed : x;
const label = ({ rows, inputs, units }: naive.Sizes) => `${rows} rows, ${inputs} to ${units}`;
const panelsOf = (columns: number) => Math.ceil(columns / 8);
const boundedLayer = (one: Case, activation: ActivationName): BoundedLayer => ({
  ...one.sizes,
  activation,
  weight: exact(one.weight),
  bias: exact(one.bias),
});
/** W: [units, inputs] as the [inputs, units] of the panels. */
const placeWeights = (operations: Operations, { sizes, weight }: Case) =>
  operations.weights(sizes.inputs, sizes.units, naive.transpose(weight, sizes.units, sizes.inputs));

/** The layer's output by the kernel. `threads` take their turns. */
function runForward(operations: Operations, one: Case, activation: ActivationName, threads = 1): Panels {
  const { rows, inputs, units } = one.sizes;
  operations.clear();
  const x = operations.batch(rows, inputs, one.x);
  const w = placeWeights(operations, one);
  const bias = operations.bias(one.bias);
  const y = operations.batch(rows, units);
  operations.run(
    [
      Op.denseForward,
      y.address,
      x.address,
      w.address,
      bias,
      y.stride,
      panelsOf(inputs),
      panelsOf(units),
      units,
      Activation[activation],
    ],
    [[y.address, y.bytes]],
    threads,
  );
  return y;
}

/** Loss gradient for the layer's input, which the activation put out, by the kernel. */
function runInputGradient(
  operations: Operations,
  one: Case,
  activation: ActivationName,
  threads = 1,
): Panels {
  const { rows, inputs, units } = one.sizes;
  operations.clear();
  const dy = operations.batch(rows, units, one.dy);
  const w = placeWeights(operations, one);
  const scratchBytes = 32 * RUN * threads;
  const scratch = operations.place(scratchBytes);
  const x = operations.batch(rows, inputs, outputOf(one, activation));
  const zeros = operations.floats(new Float32Array(8));
  const dx = operations.batch(rows, inputs);
  operations.run(
    [
      Op.denseInputGradient,
      dx.address,
      dy.address,
      w.address,
      x.address,
      zeros,
      scratch,
      dx.stride,
      panelsOf(inputs),
      panelsOf(units),
      Activation[activation],
    ],
    [
      [scratch, scratchBytes],
      [dx.address, dx.bytes],
    ],
    threads,
  );
  return dx;
}

/** dW and dbias by the kernel. */
function runWeightGradient(operations: Operations, one: Case, threads = 1): { dw: Panels; dbias: number } {
  const { rows, inputs, units } = one.sizes;
  operations.clear();
  const dy = operations.batch(rows, units, one.dy);
  const x = operations.batch(rows, inputs, one.x);
  const dw = operations.weights(inputs, units);
  const dbias = operations.place(32 * panelsOf(units));
  operations.run(
    [
      Op.denseWeightGradient,
      dw.address,
      dbias,
      dy.address,
      x.address,
      x.stride,
      rows,
      panelsOf(inputs),
      panelsOf(units),
    ],
    [
      [dw.address, dw.bytes],
      [dbias, 32 * panelsOf(units)],
    ],
    threads,
  );
  return { dw, dbias };
}

const bytesOf = (operations: Operations, address: number, bytes: number) =>
  new Uint8Array(operations.memory.buffer, address, bytes).slice();

/** What the twins say of a case; the recipe's sizes are computed once for all builds. */
interface Expectation {
  readonly one: Case;
  readonly forward: Map<ActivationName, bounds.Bounded>;
  readonly inputGradient: bounds.Bounded;
  readonly weightGradient: { weight: bounds.Bounded; bias: bounds.Bounded };
}

function expectationOf(sizes: naive.Sizes, kinds: readonly ActivationName[]): Expectation {
  const one = randomCase(sizes);
  return {
    one,
    forward: new Map(
      kinds.map((kind) => [kind, bounds.denseForward(exact(one.x), boundedLayer(one, kind), sizes.rows)]),
    ),
    inputGradient: bounds.denseInputGradient(exact(one.dy), boundedLayer(one, "linear"), sizes.rows),
    weightGradient: bounds.denseWeightGradient(
      exact(one.dy),
      exact(one.x),
      boundedLayer(one, "linear"),
      sizes.rows,
    ),
  };
}

let smallCases: Expectation[] | undefined;
let recipeCases: Expectation[] | undefined;
const expectations = {
  small: () => (smallCases ??= smallSizes.map((sizes) => expectationOf(sizes, activations))),
  recipe: () => (recipeCases ??= recipeSizes.map((sizes) => expectationOf(sizes, ["linear", "sigmoid"]))),
};

describeSingleThreadedBuilds("dense layers", (build) => {
  describe.each([
    ["small", SMALL],
    ["recipe", LARGE],
  ] as const)("%s sizes", (group, bytes) => {
    it("forward: every output within the bound of its sum, padding columns zero", async () => {
      const operations = await Operations.create(build, bytes);
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, forward }) => {
        for (const [activation, { value, error }] of forward) {
          const y = runForward(operations, one, activation);
          const what = `${label(one.sizes)}, ${activation}`;
          comparison.add(what, operations.values(y), value, error);
          if (operations.dirtyPadding(y, false) > 0) throw new Error(`${what}: padding is not zero`);
        }
      });
      comparison.finish();
    });

    it("input gradient: every value within the bound of its sum, padding columns zero", async () => {
      const operations = await Operations.create(build, bytes);
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, inputGradient }) => {
        for (const activation of activations) {
          const { value, error } = timesDerivative(
            inputGradient,
            exact(outputOf(one, activation)),
            activation,
          );
          const dx = runInputGradient(operations, one, activation);
          const what = `${label(one.sizes)}, ${activation}`;
          comparison.add(what, operations.values(dx), value, error);
          if (operations.dirtyPadding(dx, false) > 0) throw new Error(`${what}: padding is not zero`);
        }
      });
      comparison.finish();
    });

    it("weight gradient: every value within the bound of its sum, padding zero", async () => {
      const operations = await Operations.create(build, bytes);
      const comparison = new Comparison();
      forEachCase(expectations[group](), ({ one, weightGradient: { weight, bias } }) => {
        const { inputs, units } = one.sizes;
        const { dw, dbias } = runWeightGradient(operations, one);
        const actual = naive.transpose(operations.values(dw), inputs, units);
        comparison.add(`${label(one.sizes)}, dW`, actual, weight.value, weight.error);
        const sums = operations.float32(dbias, 8 * panelsOf(units));
        comparison.add(`${label(one.sizes)}, dbias`, sums.slice(0, units), bias.value, bias.error);
        if (operations.dirtyPadding(dw, true) > 0 || sums.slice(units).some((sum) => sum !== 0)) {
          throw new Error(`${label(one.sizes)}: padding is not zero`);
        }
      });
      comparison.finish();
    });
  });

  it("weight gradient and Adagrad at once give the bytes of one after the other", async () => {
    const operations = await Operations.create(build, SMALL);
    forEachCase(smallSizes, (sizes) => {
      const one = randomCase(sizes);
      const accumulators = normal(sizes.units * sizes.inputs).map((s) => s * s + 0.1);
      const separate = runUpdate(operations, one, accumulators, false);
      const fused = runUpdate(operations, one, accumulators, true);
      if (!sameBytes(fused, separate)) throw new Error(`${label(sizes)}: the fused update differs`);
    });
  });

  it.each([2, 3, 7])("give the same bytes when %i threads share the work", async (threads) => {
    const operations = await Operations.create(build, SMALL);
    const accumulators = new Float32Array(29 * 29).fill(0.1);
    const some = smallSizes.filter((_, index) => index % 7 === 0);
    forEachCase(some, (sizes) => {
      const one = randomCase(sizes);
      const alone = [1, threads].map((count) => {
        const y = runForward(operations, one, "sigmoid", count);
        const forward = bytesOf(operations, y.address, y.bytes);
        const dx = runInputGradient(operations, one, "sigmoid", count);
        const backward = bytesOf(operations, dx.address, dx.bytes);
        const { dw } = runWeightGradient(operations, one, count);
        const gradient = bytesOf(operations, dw.address, dw.bytes);
        const update = runUpdate(
          operations,
          one,
          accumulators.subarray(0, sizes.units * sizes.inputs),
          true,
          count,
        );
        return concatenate([forward, backward, gradient, update]);
      });
      if (!sameBytes(alone[0]!, alone[1]!)) throw new Error(`${label(sizes)}: ${threads} threads differ`);
    });
  });

  it("NaN and infinity go through, and only where they belong", async () => {
    const operations = await Operations.create(build, SMALL);
    const sizes = { rows: 13, inputs: 9, units: 11 };
    for (const activation of activations) {
      const one = randomCase(sizes);
      one.x[5 * sizes.inputs + 3] = Number.NaN;
      const y = operations.values(runForward(operations, one, activation));
      y.forEach((value, index) => {
        expect(Number.isNaN(value)).toBe(Math.floor(index / sizes.units) === 5);
      });
    }
    const infinite = randomCase(sizes);
    infinite.x[2 * sizes.inputs] = Number.POSITIVE_INFINITY;
    const signs = infinite.weight.filter((_, index) => index % sizes.inputs === 0);
    const row = (activation: ActivationName) =>
      operations.values(runForward(operations, infinite, activation)).slice(2 * sizes.units, 3 * sizes.units);
    expect([...row("linear")]).toEqual([...signs].map((w) => w * Number.POSITIVE_INFINITY));
    expect([...row("sigmoid")]).toEqual([...signs].map((w) => (w > 0 ? 1 : 0)));
    expect([...row("relu")]).toEqual([...signs].map((w) => (w > 0 ? Number.POSITIVE_INFINITY : 0)));

    const gradient = randomCase(sizes);
    gradient.dy[7 * sizes.units + 10] = Number.NaN;
    const dx = operations.values(runInputGradient(operations, gradient, "sigmoid"));
    dx.forEach((value, index) => {
      expect(Number.isNaN(value)).toBe(Math.floor(index / sizes.inputs) === 7);
    });
    const { dw, dbias } = runWeightGradient(operations, gradient);
    operations.values(dw).forEach((value, index) => {
      expect(Number.isNaN(value)).toBe(index % sizes.units === 10);
    });
    expect([...operations.float32(dbias, sizes.units)].map(Number.isNaN).indexOf(true)).toBe(10);
  });
});

/** The bytes of W, bias and their accumulators after an update, fused or not. */
function runUpdate(
  operations: Operations,
  one: Case,
  accumulators: Float32Array,
  fused: boolean,
  threads = 1,
): Uint8Array {
  const { rows, inputs, units } = one.sizes;
  const inPanels = panelsOf(inputs);
  const outPanels = panelsOf(units);
  operations.clear();
  const dy = operations.batch(rows, units, one.dy);
  const x = operations.batch(rows, inputs, one.x);
  const w = placeWeights(operations, one);
  const sums = operations.weights(inputs, units, naive.transpose(accumulators, units, inputs));
  // Padding starts from the accumulators' initial value, so that 0 / √0 never arises.
  const sumValues = operations.float32(sums.address, sums.bytes / 4);
  sumValues.forEach((sum, index) => {
    if (sum === 0) sumValues[index] = 0.1;
  });
  const dw = operations.weights(inputs, units);
  const padded = 16 * Math.ceil(units / 16);
  const bias = operations.floats(Float32Array.from({ length: padded }, (_, u) => one.bias[u] ?? 0));
  const biasSums = operations.floats(new Float32Array(padded).fill(0.1));
  const dbias = operations.floats(new Float32Array(padded));
  const scratchBytes = (SCRATCH + SCRATCH_PANELS * x.stride) * threads;
  const scratch = operations.place(scratchBytes);
  const settings = operations.floats([0.1]);
  const shape = [x.stride, rows, inPanels, outPanels];
  const updated = [
    [w.address, w.bytes],
    [sums.address, sums.bytes],
    [bias, 4 * padded],
    [biasSums, 4 * padded],
  ] as const;
  if (fused) {
    operations.run(
      [
        Op.denseWeightGradientAdagrad,
        w.address,
        sums.address,
        bias,
        biasSums,
        scratch,
        dy.address,
        x.address,
        ...shape,
        settings,
      ],
      [...updated, [scratch, scratchBytes]],
      threads,
    );
  } else {
    operations.run(
      [Op.denseWeightGradient, dw.address, dbias, dy.address, x.address, ...shape],
      [
        [dw.address, dw.bytes],
        [dbias, 32 * outPanels],
      ],
      threads,
    );
    operations.run(
      [Op.adagrad, w.address, sums.address, dw.address, w.bytes / 4, settings],
      updated.slice(0, 2),
      threads,
    );
    operations.run([Op.adagrad, bias, biasSums, dbias, padded, settings], updated.slice(2), threads);
  }
  return concatenate(updated.map(([address, bytes]) => bytesOf(operations, address, bytes)));
}

describeSingleThreadedBuilds("Adagrad", (build) => {
  it("takes steps that can be computed by hand", async () => {
    const operations = await Operations.create(build, SMALL);
    operations.clear();
    // √(16 + 3²) = 5, √(0 + 2²) = 2, √(144 + 5²) = 13; no gradient, no step.
    const w = operations.floats([10, 1, -1, 7, ...Array(12).fill(0)]);
    const s = operations.floats([16, 0, 144, 1, ...Array(12).fill(1)]);
    const g = operations.floats([3, -2, 5, 0, ...Array(12).fill(0)]);
    operations.run(
      [Op.adagrad, w, s, g, 16, operations.floats([0.5])],
      [
        [w, 64],
        [s, 64],
      ],
    );
    const expected = [10 - 0.5 * (3 / 5), 1 + 0.5, -1 - 0.5 * (5 / 13), 7];
    expect([...operations.float32(w, 4)]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
    expect([...operations.float32(s, 5)]).toEqual([25, 4, 169, 1, 1]);
  });

  it("is within some roundings of the twin, over twelve orders of magnitude", async () => {
    const operations = await Operations.create(build, SMALL);
    const rate = Math.fround(0.1);
    const comparison = new Comparison();
    forEachCase([16, 32, 48, 112, 208], (length) => {
      operations.clear();
      const [w, g] = [normal(length), normal(length).map((value, i) => value * 10 ** ((i % 13) - 6))];
      const s = normal(length).map((value) => value * value + 0.1);
      const [wAt, sAt, gAt] = [operations.floats(w), operations.floats(s), operations.floats(g)];
      const settings = operations.floats([rate]);
      operations.run(
        [Op.adagrad, wAt, sAt, gAt, length, settings],
        [
          [wAt, 4 * length],
          [sAt, 4 * length],
        ],
        3,
      );
      const expected = bounds.adagrad(exact(w), exact(s), exact(g), rate);
      comparison.add("w", operations.float32(wAt, length), expected.value.value, expected.value.error);
      comparison.add(
        "s",
        operations.float32(sAt, length),
        expected.accumulator.value,
        expected.accumulator.error,
      );
    });
    comparison.finish();
  });
});

describeSingleThreadedBuilds("mean squared error", (build) => {
  const sizes = [...tileSizes, ...primes].flatMap((rows) =>
    [...tileSizes, ...primes, 784].map((columns) => ({ rows, columns })),
  );

  it.each(activations)("loss and gradient through %s within their bounds", async (activation) => {
    const operations = await Operations.create(build, SMALL);
    const losses = new Comparison();
    const gradients = new Comparison();
    forEachCase([...sizes, { rows: 100, columns: 96 }], ({ rows, columns }) => {
      operations.clear();
      // A sigmoid's output, clear of relu's corner.
      const y = normal(rows * columns).map((value) => 1 / (1 + Math.exp(-value)));
      const target = normal(rows * columns);
      const scale = Math.fround(2 / (rows * columns));
      const yAt = operations.batch(rows, columns, y);
      const targetAt = operations.batch(rows, columns, target);
      const dy = operations.batch(rows, columns);
      const panels = panelsOf(columns);
      const partials = operations.place(8 * panels);
      const loss = operations.place(8);
      const bits = new Uint32Array(Float32Array.of(scale).buffer)[0]!;
      operations.run(
        [
          Op.meanSquaredError,
          dy.address,
          yAt.address,
          targetAt.address,
          dy.stride,
          rows,
          panels,
          partials,
          bits,
          Activation[activation],
        ],
        [
          ...Array.from({ length: panels }, (_, p) => [dy.address + p * dy.stride, 32 * rows] as const),
          [partials, 8 * panels],
        ],
        3,
      );
      const divisor = new Uint32Array(Float64Array.of(rows * columns).buffer);
      operations.run([Op.sumLoss, loss, partials, panels, ...divisor], [[loss, 8]], 3);
      const expected = bounds.meanSquaredError(exact(y), target);
      const through = timesDerivative(expected.dy, exact(y), activation);
      gradients.add(`${rows} × ${columns}`, operations.values(dy), through.value, through.error);
      losses.add(
        `${rows} × ${columns}`,
        operations.float64(loss),
        [expected.loss.value],
        [expected.loss.error],
      );
      if (operations.dirtyPadding(dy, false) > 0)
        throw new Error(`${rows} × ${columns}: padding is not zero`);
    });
    gradients.finish(1e-6);
    losses.finish(1e-6);
  });
});

describeSingleThreadedBuilds("packing", (build) => {
  const sizes = [...tileSizes, ...primes].flatMap((rows) =>
    [...tileSizes, ...primes, 784].map((columns) => ({ rows, columns })),
  );

  it("floats and bytes to panels and back are exact", async () => {
    const operations = await Operations.create(build, SMALL);
    forEachCase(sizes, ({ rows, columns }) => {
      operations.clear();
      const floats = normal(rows * columns);
      const bytes = Uint8Array.from(floats, (value) => Math.abs(value) * 80);
      for (const [op, source, values] of [
        [Op.packFloats, operations.floats(floats), floats],
        [Op.packBytes, operations.bytes(bytes), bytes],
      ] as const) {
        const packed = operations.batch(rows, columns);
        const { address, stride } = packed;
        operations.run(
          [op, address, stride, source, rows, columns],
          Array.from({ length: panelsOf(columns) }, (_, p) => [address + p * stride, 32 * rows] as const),
          3,
        );
        const what = `${Op[op]}, ${rows} × ${columns}`;
        if (operations.dirtyPadding(packed, false) > 0) throw new Error(`${what}: padding is not zero`);
        if (!sameValues(operations.values(packed), values)) throw new Error(`${what}: values differ`);
        const destination = operations.place(4 * rows * columns);
        operations.run(
          [Op.unpackFloats, destination, address, stride, rows, columns],
          [[destination, 4 * rows * columns]],
          3,
        );
        if (!sameValues(operations.float32(destination, rows * columns), values)) {
          throw new Error(`unpackFloats, ${rows} × ${columns}: values differ`);
        }
      }
    });
  });
});

const sameValues = (a: naive.Values, b: naive.Values) =>
  a.length === b.length && Array.prototype.every.call(a, (value, index) => Object.is(value, b[index]));

describeSingleThreadedBuilds("sigmoid", (build) => {
  /** The kernel's sigmoid of any values: a layer of 8 units whose weights are the identity. */
  async function sigmoid(values: readonly number[]): Promise<Float32Array> {
    const rows = Math.ceil(values.length / 8);
    const x = Float32Array.from({ length: 8 * rows }, (_, index) => values[index] ?? 0);
    const weight = Float32Array.from({ length: 64 }, (_, index) => (index % 9 === 0 ? 1 : 0));
    const operations = await Operations.create(build, 64 * rows * 8 + SMALL);
    const sizes = { rows, inputs: 8, units: 8 };
    const one = { sizes, x, squashed: x, weight, bias: new Float32Array(8), dy: x };
    return operations.values(runForward(operations, one, "sigmoid")).slice(0, values.length);
  }

  /** Ascending, each a float32: dense near 0 and over the whole range. */
  const grid = Float32Array.from(
    [
      ...Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 200),
      ...Array.from({ length: 4_000 }, (_, i) => 10 ** (-6 + i / 500)),
      ...Array.from({ length: 4_000 }, (_, i) => -(10 ** (-6 + i / 500))),
    ].filter((x) => Math.abs(x) <= 100),
  ).sort();

  it("is within 2.5 ulp of the exact value down to −64, and 0 below", async () => {
    const actual = await sigmoid([...grid]);
    let worst = 0;
    grid.forEach((x, i) => {
      const exactly = 1 / (1 + Math.exp(-x));
      const error = Math.abs(actual[i]! - (x < -64 ? 0 : exactly));
      worst = Math.max(worst, error / ulp(exactly));
    });
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(2.5);
  });

  it("rises, but for 2 ulp", async () => {
    const actual = await sigmoid([...grid]);
    const steps = actual.slice(1).map((y, i) => (y - actual[i]!) / ulp(Math.max(y, 2 ** -100)));
    expect(steps.length).toBeGreaterThan(0);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(-2);
  });

  it("is exact at the ends and in the middle, and lets NaN through", async () => {
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
    const actual = await sigmoid([...ends, Number.NaN]);
    const expected = [0, 0, 0, expect.closeTo(1 / (1 + Math.exp(64)), 33), 0.5, 0.5, 1, 1, 1, 1, 1, NaN];
    // Infinity × 0 in the sum of another unit is NaN, so each end is asked alone.
    for (const [index, x] of ends.entries()) {
      const [alone] = await sigmoid([x]);
      expect([x, alone]).toEqual([x, expected[index]]);
    }
    expect(actual[11]).toBeNaN();
  });

  /** The distance of float32 values near x. */
  function ulp(x: number): number {
    return 2 ** (Math.floor(Math.log2(x)) - 23);
  }

  it("has a tolerance in the bounds that covers 2.5 ulp", () => {
    for (const y of [1e-20, 0.3, 0.5, 0.999]) {
      expect(bounds.sigmoidError(y)).toBeGreaterThanOrEqual(2.5 * ulp(y));
      expect(bounds.sigmoidError(y)).toBeLessThan(6 * roundoff * y + 1e-27);
    }
  });
});
