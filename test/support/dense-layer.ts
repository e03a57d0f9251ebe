/** A dense layer and a batch in the memory of a test, and what its operations give. */
import { Activation } from "../../assembly/constants.ts";
import { panelsOf } from "../../assembly/dense/sizes.ts";
import { operation } from "../../src/network/program.ts";
import type { ActivationName } from "../../src/network/spec.ts";
import { Random } from "../../src/noise/rng.ts";
import { concatenate } from "./bytes.ts";
import type { Kernels } from "./kernels.ts";
import * as naive from "./naive.ts";
import { type Panels, placeBatch, placeVector, placeWeights } from "./panels.ts";

/** A layer and a batch of random values. */
export interface DenseValues {
  readonly sizes: naive.Sizes;
  readonly x: Float32Array;
  /** x as a sigmoid puts it out. */
  readonly squashed: Float32Array;
  readonly dy: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

let stream = 0;
/** Values of N(0, 1) × scale, others at each call. */
export function normal(length: number, scale = 1): Float32Array {
  const values = new Float32Array(length);
  new Random(1, 4, stream++).fillNormal(values, scale);
  return values;
}

export function denseValues(sizes: naive.Sizes): DenseValues {
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
export function inputOf({ x, squashed }: DenseValues, activation: ActivationName): Float32Array {
  return activation === "sigmoid" ? squashed : x;
}

/** W: [units, inputs] as the [inputs, units] of the panels. */
function weightsOf(kernels: Kernels, { sizes, weight }: DenseValues): Panels {
  return placeWeights(kernels, sizes.inputs, sizes.units, naive.transpose(weight, sizes.units, sizes.inputs));
}

/** The layer's output; of a single picture by the kernel for one. */
export function forward(
  kernels: Kernels,
  one: DenseValues,
  activation: ActivationName,
  vector = false,
): Panels {
  const { rows, inputs, units } = one.sizes;
  kernels.clear();
  const x = vector ? placeVectorBatch(kernels, inputs, one.x) : placeBatch(kernels, rows, inputs, one.x);
  const y = vector ? placeVectorBatch(kernels, units) : placeBatch(kernels, rows, units);
  const values = {
    y: y.address,
    x: x.address,
    w: weightsOf(kernels, one).address,
    bias: placeVector(kernels, one.bias).address,
    inPanels: panelsOf(inputs),
    outColumns: units,
    activation: Activation[activation],
  };
  kernels.run(
    vector
      ? operation("denseForwardVector", values)
      : operation("denseForward", { ...values, stride: y.stride }),
    [y],
  );
  return y;
}

/** One picture as the kernel for one has it: panels of a single row. */
function placeVectorBatch(kernels: Kernels, columns: number, values?: naive.Values): Panels {
  const bytes = 32 * panelsOf(columns);
  const address = kernels.place(bytes);
  if (values) {
    const padded = kernels.float32(address, bytes / 4).fill(0);
    padded.set(values);
  }
  return { address, bytes, stride: 32, rows: 1, columns };
}

/** Loss gradient for the layer's input, which the activation put out. */
export function inputGradient(kernels: Kernels, one: DenseValues, activation: ActivationName): Panels {
  const { rows, inputs, units } = one.sizes;
  kernels.clear();
  const dx = placeBatch(kernels, rows, inputs);
  kernels.run(
    operation("denseInputGradient", {
      dx: dx.address,
      dy: placeBatch(kernels, rows, units, one.dy).address,
      w: weightsOf(kernels, one).address,
      x: placeBatch(kernels, rows, inputs, inputOf(one, activation)).address,
      zeros: kernels.floats(new Float32Array(8)),
      stride: dx.stride,
      inPanels: panelsOf(inputs),
      outPanels: panelsOf(units),
      activation: Activation[activation],
    }),
    [dx],
  );
  return dx;
}

/** What the weight gradient is summed from. */
function sumOf(kernels: Kernels, { sizes: { rows, inputs, units }, dy, x }: DenseValues) {
  const batch = placeBatch(kernels, rows, inputs, x);
  return {
    dy: placeBatch(kernels, rows, units, dy).address,
    x: batch.address,
    stride: batch.stride,
    rows,
    inPanels: panelsOf(inputs),
    outPanels: panelsOf(units),
  };
}

/** dW and the address of dbias. */
export function weightGradient(kernels: Kernels, one: DenseValues): { dw: Panels; dbias: number } {
  const { inputs, units } = one.sizes;
  kernels.clear();
  const dw = placeWeights(kernels, inputs, units);
  const bytes = 32 * panelsOf(units);
  const dbias = kernels.place(bytes);
  kernels.run(operation("denseWeightGradient", { dw: dw.address, dbias, ...sumOf(kernels, one) }), [
    dw,
    { address: dbias, bytes },
  ]);
  return { dw, dbias };
}

/** The bytes of W, bias and their accumulators after an update by Adagrad, fused with the weight gradient or not. */
export function update(
  kernels: Kernels,
  one: DenseValues,
  accumulators: Float32Array,
  fused: boolean,
): Uint8Array {
  const { inputs, units } = one.sizes;
  kernels.clear();
  const w = weightsOf(kernels, one);
  const wSums = placeWeights(kernels, inputs, units, naive.transpose(accumulators, units, inputs));
  // Padding starts from the accumulators' initial value, so that 0 / √0 never arises.
  const all = kernels.float32(wSums.address, wSums.bytes / 4);
  for (const [index, sum] of all.entries()) if (sum === 0) all[index] = 0.1;
  const bias = placeVector(kernels, one.bias);
  const biasSums = placeVector(kernels, new Float32Array(units).fill(0.1), 0.1);
  const settings = kernels.floats([0.1]);
  const sum = sumOf(kernels, one);
  const updated = [w, wSums, bias, biasSums];
  if (fused) {
    kernels.run(
      operation("denseWeightGradientAdagrad", {
        w: w.address,
        wSums: wSums.address,
        bias: bias.address,
        biasSums: biasSums.address,
        rate: settings,
        ...sum,
      }),
      updated,
    );
  } else {
    const dw = placeWeights(kernels, inputs, units);
    const dbias = placeVector(kernels, new Float32Array(units));
    kernels.run(operation("denseWeightGradient", { dw: dw.address, dbias: dbias.address, ...sum }), [
      dw,
      dbias,
    ]);
    for (const [parameters, sums, gradients] of [
      [w, wSums, dw],
      [bias, biasSums, dbias],
    ] as const) {
      kernels.run(
        operation("adagrad", {
          parameters: parameters.address,
          sums: sums.address,
          gradients: gradients.address,
          settings,
          count: parameters.bytes / 4,
        }),
        [parameters, sums],
      );
    }
  }
  return concatenate(kernels.copy(updated));
}
