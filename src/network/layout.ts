/** Converts tensors between PyTorch's order, which model files have, and the padded layouts of the arena. */
import { weightPanelBytes } from "../../assembly/conv/sizes.ts";
import { panelsOf } from "../../assembly/dense/sizes.ts";

/** Where value (unit, input) of a dense weight lies in panels of 8 units. Inputs are padded to a multiple of 8. */
function denseIndex(unit: number, input: number, inputs: number): number {
  return ((unit >> 3) * 8 * panelsOf(inputs) + input) * 8 + (unit & 7);
}

/**
 * Where an output's weight k = taps·input + tap lies in panels of 4 outputs (assembly/conv/conv3x3-weights.ts, conv1x1.ts).
 * @param taps the pixels of a window
 */
function convIndex(output: number, k: number, inputs: number, taps: number): number {
  return (output >> 2) * (weightPanelBytes(inputs, taps) / 4) + 4 * k + (output & 3);
}

/** For each value of a tensor, calls back with its place in the arena's buffer and its index in PyTorch's order. */
function eachValue(shape: readonly number[], callback: (place: number, index: number) => void): void {
  const [outputs, inputs, ...window] = shape as [number, number | undefined];
  if (inputs === undefined) {
    for (let i = 0; i < outputs; i++) callback(i, i);
    return;
  }
  const taps = window.reduce((a, b) => a * b, 1);
  const place = window.length > 0 ? convIndex : denseIndex;
  const columns = inputs * taps;
  for (let output = 0; output < outputs; output++) {
    for (let column = 0; column < columns; column++) {
      callback(place(output, column, inputs, taps), output * columns + column);
    }
  }
}

/**
 * Writes a tensor of `shape` ([outputs], [outputs, inputs] or [outputs, inputs, height, width]) into its buffer in the arena. The
 * padding is left as it is.
 */
export function toArena(buffer: Float32Array, values: Float32Array, shape: readonly number[]): void {
  eachValue(shape, (place, index) => {
    buffer[place] = values[index]!;
  });
}

/** Reads a tensor of `shape` from its buffer in the arena into a new array. */
export function fromArena(buffer: Float32Array, shape: readonly number[]): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  eachValue(shape, (place, index) => {
    values[index] = buffer[place]!;
  });
  return values;
}
