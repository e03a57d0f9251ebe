/** Weights as assembly/winograd.ts reads them. */

/** Rows of a panel of 4 outputs. */
function panelRows(inputs: number): number {
  return Math.ceil((3 * inputs) / 4) * 4;
}

/** Values in the six planes of a convolution's transformed weight, padding included. */
export function weightLength(outputs: number, inputs: number): number {
  return 6 * Math.ceil(outputs / 4) * 4 * panelRows(inputs);
}

/** Bytes of the products of a strip of 16 vectors, six planes of whole panels. */
export function productsLength(outputs: number): number {
  return 6 * Math.ceil(outputs / 4) * 4 * (16 + 6) * 16;
}

/**
 * U = G w for each row of a weight [outputs, inputs, 3, 3], in panels.
 *
 *             6  0  0
 *            −4 −4 −4
 *   24 · G = −4  4 −4
 *             1  2  4
 *             1 −2  4
 *             0  0 24
 */
export function transformedWeights(weight: Float32Array, outputs: number, inputs: number): Float32Array {
  const values = new Float32Array(weightLength(outputs, inputs));
  const plane = values.length / 6;
  let next = 0;
  for (let output = 0; output < outputs; output++) {
    for (let k = 0; k < 3 * inputs; k++) {
      const at = ((output >> 2) * panelRows(inputs) + k) * 4 + (output & 3);
      const a = weight[next++]!;
      const b = weight[next++]!;
      const c = weight[next++]!;
      values[at] = a / 4;
      values[at + plane] = (a + b + c) / -6;
      values[at + 2 * plane] = (a - b + c) / -6;
      values[at + 3 * plane] = (a + 2 * b + 4 * c) / 24;
      values[at + 4 * plane] = (a - 2 * b + 4 * c) / 24;
      values[at + 5 * plane] = c;
    }
  }
  return values;
}
