/**
 * Scalar twins of the kernels: float64, row after row, never optimised. What the fast ones are held against.
 * Shapes: x [rows, inputs], w [units, inputs] (PyTorch's order), bias [units], y and dy [rows, units].
 */
import type { ActivationName } from "../../src/network/spec.ts";

export type Values = ArrayLike<number>;

/** Of one dense layer and one batch. */
export interface Sizes {
  readonly rows: number;
  readonly inputs: number;
  readonly units: number;
}

/** y = f(x·Wᵀ + bias) */
export function denseForward(
  x: Values,
  w: Values,
  bias: Values,
  { rows, inputs, units }: Sizes,
  activation: ActivationName = "linear",
): Float64Array {
  const y = new Float64Array(rows * units);
  for (let r = 0; r < rows; r++) {
    for (let u = 0; u < units; u++) {
      let sum = bias[u]!;
      for (let i = 0; i < inputs; i++) sum += x[r * inputs + i]! * w[u * inputs + i]!;
      y[r * units + u] = activate(sum, activation);
    }
  }
  return y;
}

export function activate(x: number, activation: ActivationName): number {
  if (activation === "sigmoid") return 1 / (1 + Math.exp(-x));
  if (activation === "relu") return Math.max(x, 0);
  return x;
}

/** f′ where the activation put out y. */
export function derivative(y: number, activation: ActivationName): number {
  if (activation === "sigmoid") return y * (1 - y);
  if (activation === "relu") return y > 0 ? 1 : 0;
  return 1;
}

/** dx = (dy·W) ∘ f′(x), where x is what the activation f before this layer put out. */
export function denseInputGradient(
  dy: Values,
  w: Values,
  x: Values,
  { rows, inputs, units }: Sizes,
  activation: ActivationName = "linear",
): Float64Array {
  const dx = new Float64Array(rows * inputs);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let u = 0; u < units; u++) sum += dy[r * units + u]! * w[u * inputs + i]!;
      dx[r * inputs + i] = sum * derivative(x[r * inputs + i]!, activation);
    }
  }
  return dx;
}

/** dW = dyᵀ·x,  dbias = Σ_rows dy */
export function denseWeightGradient(
  dy: Values,
  x: Values,
  { rows, inputs, units }: Sizes,
): { weight: Float64Array; bias: Float64Array } {
  const weight = new Float64Array(units * inputs);
  const bias = new Float64Array(units);
  for (let u = 0; u < units; u++) {
    for (let r = 0; r < rows; r++) {
      bias[u]! += dy[r * units + u]!;
      for (let i = 0; i < inputs; i++) weight[u * inputs + i]! += dy[r * units + u]! * x[r * inputs + i]!;
    }
  }
  return { weight, bias };
}

/** loss = mean (y − target)²,  dy = 2·(y − target) / n */
export function meanSquaredError(y: Values, target: Values): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(y.length);
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    const difference = y[i]! - target[i]!;
    sum += difference * difference;
    gradient[i] = (2 * difference) / y.length;
  }
  return { loss: sum / y.length, gradient };
}

/** s ← s + g²,  w ← w − rate·g / √s */
export function adagrad(
  w: Values,
  s: Values,
  g: Values,
  rate: number,
): { value: Float64Array; accumulator: Float64Array } {
  const accumulator = Float64Array.from(s, (sum, i) => sum + g[i]! * g[i]!);
  const value = Float64Array.from(w, (weight, i) => weight - (rate * g[i]!) / Math.sqrt(accumulator[i]!));
  return { value, accumulator };
}

/**
 * A step of Muon for a weight with so many rows: m ← β·m + (1 − β)·g, and w moves by `step` times β·m + (1 − β)·g, of whose
 * singular values s, after a division by their norm, five rounds make 3.4445·s − 4.775·s³ + 2.0315·s⁵.
 */
export function muon(
  w: Values,
  m: Values,
  g: Values,
  rows: number,
  { beta, step }: { beta: number; step: number },
): { value: Float64Array; mean: Float64Array } {
  const columns = w.length / rows;
  const mean = Float64Array.from(m, (value, i) => beta * value + (1 - beta) * g[i]!);
  const ahead = mean.map((value, i) => beta * value + (1 - beta) * g[i]!);
  const norm = Math.hypot(...ahead);
  let x = ahead.map((value) => value / norm);
  for (let round = 0; round < 5; round++) {
    const a = timesTransposed(x, x, rows, columns);
    const squared = timesTransposed(a, a, rows, rows);
    const b = a.map((value, i) => -4.775 * value + 2.0315 * squared[i]!);
    const last = x;
    x = last.map((value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      let sum = 3.4445 * value;
      for (let i = 0; i < rows; i++) sum += b[row * rows + i]! * last[i * columns + column]!;
      return sum;
    });
  }
  return { value: Float64Array.from(w, (value, i) => value - step * x[i]!), mean };
}

/** a·bᵀ, for a and b of so many rows and columns. */
function timesTransposed(a: Float64Array, b: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * rows }, (_, at) => {
    const [i, j] = [Math.floor(at / rows), at % rows];
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += a[i * columns + k]! * b[j * columns + k]!;
    return sum;
  });
}

/** Rows as panels of 8 columns: value (r, c) at panel ⌊c/8⌋, row r, place c mod 8. `rowPadding` fills what is beyond the rows, 0 what is beyond the columns. */
export function pack(
  source: Values,
  rows: number,
  columns: number,
  paddedRows: number,
  rowPadding = 0,
): Float32Array {
  const panels = Math.ceil(columns / 8);
  const packed = new Float32Array(panels * paddedRows * 8);
  for (let p = 0; p < panels; p++) {
    for (let r = 0; r < paddedRows; r++) {
      for (let c = 0; c < 8; c++) {
        const column = p * 8 + c;
        const value = column < columns ? source[r * columns + column]! : 0;
        packed[(p * paddedRows + r) * 8 + c] = r < rows ? value : rowPadding;
      }
    }
  }
  return packed;
}

/** `pack` backwards, padding left out. */
export function unpack(packed: Values, rows: number, columns: number, paddedRows: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      values[r * columns + c] = packed[((c >> 3) * paddedRows + r) * 8 + (c & 7)]!;
    }
  }
  return values;
}

/** to[c][r] = from[r][c] */
export function transpose(from: Values, rows: number, columns: number): Float32Array {
  const to = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c]!;
  }
  return to;
}

export interface Layer {
  readonly inputs: number;
  readonly units: number;
  readonly activation: ActivationName;
  readonly weight: Values;
  readonly bias: Values;
}
