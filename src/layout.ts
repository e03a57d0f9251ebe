/** Between tensors as model files hold them (PyTorch's order) and the padded panels of the arena. */

/**
 * Where value (row `input`, column `unit`) of a dense weight lies in its panels of 8 columns; rows padded to a
 * multiple of 8.
 */
function panelIndex(unit: number, input: number, inputs: number): number {
  const paddedInputs = Math.ceil(inputs / 8) * 8;
  return ((unit >> 3) * paddedInputs + input) * 8 + (unit & 7);
}

/** Writes a tensor of `shape` ([units, inputs] or [units]) into its buffer in the arena; padding is left as it is. */
export function toArena(buffer: Float32Array, values: Float32Array, shape: readonly number[]): void {
  if (shape.length === 1) {
    buffer.set(values);
    return;
  }
  const [units, inputs] = shape as [number, number];
  for (let unit = 0; unit < units; unit++) {
    for (let i = 0; i < inputs; i++) buffer[panelIndex(unit, i, inputs)] = values[unit * inputs + i]!;
  }
}

/** The tensor of `shape` that lies in `buffer`, as a new array. */
export function fromArena(buffer: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length === 1) return buffer.slice(0, shape[0]);
  const [units, inputs] = shape as [number, number];
  const values = new Float32Array(units * inputs);
  for (let unit = 0; unit < units; unit++) {
    for (let i = 0; i < inputs; i++) values[unit * inputs + i] = buffer[panelIndex(unit, i, inputs)]!;
  }
  return values;
}
