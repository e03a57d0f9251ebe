/** Weights made smaller for model files: what src/model/weights.ts expands again. */
import { SpecError } from "../errors.ts";

/** Greatest int8 weight, either way. Fewer levels than the 255 there are compress better; see docs/experiments.md. */
const MOST = 77;
/** How much more the error of a kernel's sum counts than that of a weight. */
const SUMS_COUNT = 4;
/** Scales that are tried for each output: from that of its largest weight down to half of it. */
const TRIALS = 64;

export interface Quantized {
  readonly data: Int8Array<ArrayBuffer>;
  /** One for each output. */
  readonly scale: Float32Array<ArrayBuffer>;
}

/**
 * Weights as integers from −77 to 77, times a scale for each output.
 *
 * A weight goes to the nearest integer, halves upward. Then, kernel by kernel (the window of one input, or all inputs of
 * a dense unit), those that were rounded furthest the wrong way are moved on by one, until the sum of the kernel, with
 * what the sums before it are off, is as near to its true value as whole steps allow: what a kernel sees is mostly
 * smooth, so that its sum counts most. Of 64 scales, from |largest weight| / 77 down to half of that, it is the one with
 * the least squared error of weights and, four times, of kernels' sums; the first of equals. Scales have 8 significant bits, so that
 * what the integers expand to is quantised to them again.
 *
 * @param shape [outputs, inputs] or [outputs, inputs, height, width]
 */
export function quantize(values: Float32Array, shape: readonly number[]): Quantized {
  const [outputs, inputs] = shape as [number, number];
  const columns = values.length / outputs;
  const kernel = shape.length > 2 ? columns / inputs : columns;
  const data = new Int8Array(values.length);
  const scale = new Float32Array(outputs).fill(1);
  for (let output = 0; output < outputs; output++) {
    const row = values.subarray(output * columns, (output + 1) * columns);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let least = Infinity;
    for (let trial = 0; largest > 0 && trial < TRIALS; trial++) {
      const step = shortened((largest / MOST) * (1 - trial / (2 * TRIALS)));
      const levels = levelsOf(row, step, kernel);
      const error = errorOf(row, levels, step, kernel);
      if (error >= least) continue;
      least = error;
      scale[output] = step;
      data.set(levels, output * columns);
    }
  }
  return { data, scale };
}

function levelsOf(row: Float32Array, step: number, kernel: number): number[] {
  const levels = Array.from(row, (value) => Math.max(-MOST, Math.min(MOST, Math.floor(value / step + 0.5))));
  let owed = 0;
  for (let begin = 0; begin < levels.length; begin += kernel) {
    for (let i = begin; i < begin + kernel; i++) owed += row[i]! / step - levels[i]!;
    for (let moves = Math.round(owed); moves !== 0; moves -= Math.sign(moves)) {
      const way = Math.sign(moves);
      let furthest = -1;
      let most = -Infinity;
      for (let i = begin; i < begin + kernel; i++) {
        const off = way * (row[i]! / step - levels[i]!);
        if (off <= most || Math.abs(levels[i]! + way) > MOST) continue;
        most = off;
        furthest = i;
      }
      if (furthest === -1) break;
      levels[furthest]! += way;
      owed -= way;
    }
  }
  return levels;
}

function errorOf(row: Float32Array, levels: readonly number[], step: number, kernel: number): number {
  let error = 0;
  for (let begin = 0; begin < levels.length; begin += kernel) {
    let sum = 0;
    for (let i = begin; i < begin + kernel; i++) {
      const off = row[i]! - step * levels[i]!;
      sum += off;
      error += off * off;
    }
    error += SUMS_COUNT * sum * sum;
  }
  return error;
}

/** The nearest float32 of 8 significant bits. */
function shortened(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0x8000) & ~0xffff;
  return new Float32Array(bits.buffer)[0]!;
}

/**
 * float16, by its bits, nearest to each value; of two that are equally near the even one.
 * @throws SpecError where a value is too large for float16
 */
export function narrow(values: Float32Array, name: string): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.slice().buffer);
  return Uint16Array.from(values, (value, i) => {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fff_ffff;
    // Below 2⁻¹⁴ float16 counts in steps of 2⁻²⁴.
    if (magnitude < 0x3880_0000) return sign | nearestEven(Math.abs(value) * 2 ** 24);
    const half = (magnitude - 0x3800_0000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    if (half < 0x7c00) return sign | half;
    throw new SpecError(`"${name}" has ${value}, too large for F16. Export it as F32 or I8.`);
  });
}

function nearestEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
