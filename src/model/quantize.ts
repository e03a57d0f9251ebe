/** Makes weights smaller for model files. src/model/weights.ts expands them again. */
import { SpecError } from "../errors.ts";

/** How much more the error of a kernel's sum counts than that of a weight. */
const SUMS_COUNT = 4;
/** How many scales are tried for each output: from the one that fits its largest weight down to half of that. */
const TRIALS = 64;
/** How often what integers expand to is turned into integers again, at most, until they stay the same. */
const PASSES = 16;

export interface Quantized {
  readonly data: Int8Array<ArrayBuffer>;
  /** One scale for each output. */
  readonly scale: Float32Array<ArrayBuffer>;
}

/**
 * Turns weights into integers from −`most` to `most` and a scale for each output.
 *
 * Each weight, divided by the scale, is rounded to the nearest integer, halves upward. A kernel is the window of one
 * input, or all inputs of a dense unit. Kernel by kernel, the integers that were rounded furthest the wrong way are then
 * moved by one, until the kernel's sum, together with the error left over from the kernels before it, is as near to its
 * true value as whole steps allow. The sum matters most, since what a kernel sees is mostly smooth. 64 scales are tried,
 * from |largest weight| / `most` down to about half of that. The one is taken that has the least sum of the squared errors of
 * the weights and 4 times the squared errors of the kernels' sums; of equals, the first. Scales have 8 significant bits,
 * so that integers are expanded exactly. Where what they expand to would give others, as where the largest was moved, those
 * are taken, so that the expanded weights are quantised to the same integers again.
 *
 * @param shape [outputs, inputs] or [outputs, inputs, height, width]
 */
export function quantize(values: Float32Array, shape: readonly number[], most: number): Quantized {
  const [outputs, inputs] = shape as [number, number];
  const columns = values.length / outputs;
  const kernel = shape.length > 2 ? columns / inputs : columns;
  const data = new Int8Array(values.length);
  const scale = new Float32Array(outputs).fill(1);
  for (let output = 0; output < outputs; output++) {
    let row = values.subarray(output * columns, (output + 1) * columns);
    for (let pass = 0; pass < PASSES; pass++) {
      const { levels, step } = nearestTo(row, kernel, most);
      data.set(levels, output * columns);
      scale[output] = step;
      const expanded = Float32Array.from(levels, (level) => level * step);
      if (expanded.every((value, i) => value === row[i])) break;
      row = expanded;
    }
  }
  return { data, scale };
}

/** The levels for a row of weights at the best of the steps that are tried. */
function nearestTo(row: Float32Array, kernel: number, most: number): { levels: number[]; step: number } {
  const largest = row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  let best = { levels: Array.from(row, () => 0), step: 1 };
  let least = Infinity;
  for (let trial = 0; largest > 0 && trial < TRIALS; trial++) {
    const step = shortened((largest / most) * (1 - trial / (2 * TRIALS)));
    const levels = levelsOf(row, step, kernel, most);
    const error = errorOf(row, levels, step, kernel);
    if (error >= least) continue;
    least = error;
    best = { levels, step };
  }
  return best;
}

function levelsOf(row: Float32Array, step: number, kernel: number, most: number): number[] {
  const levels = Array.from(row, (value) => Math.max(-most, Math.min(most, Math.floor(value / step + 0.5))));
  let owed = 0;
  for (let begin = 0; begin < levels.length; begin += kernel) {
    for (let i = begin; i < begin + kernel; i++) owed += row[i]! / step - levels[i]!;
    for (let moves = Math.round(owed); moves !== 0; moves -= Math.sign(moves)) {
      const way = Math.sign(moves);
      let furthest = -1;
      let worst = -Infinity;
      for (let i = begin; i < begin + kernel; i++) {
        const off = way * (row[i]! / step - levels[i]!);
        if (off <= worst || Math.abs(levels[i]! + way) > most) continue;
        worst = off;
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

/** The nearest float32 with 8 significant bits. */
function shortened(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0x8000) & ~0xffff;
  return new Float32Array(bits.buffer)[0]!;
}

/**
 * Rounds each value to the nearest float16, ties to even. @returns their bits
 * @throws SpecError if a value is too large for float16
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
