/**
 * What float32 and Winograd's transformations may make of a convolution (bounds.ts says how). Images are planes, as in
 * naive-conv.ts.
 */
import { bandOf, groupsOf } from "../../assembly/conv/sizes.ts";
import type { Bounded } from "./bounds.ts";
import * as naive from "./naive-conv.ts";

/** |Bᵀ|, |G| and |Aᵀ| of F(4, 3) at the points 0, ±1, ±2 and ∞. */
const B = [
  [4, 0, 5, 0, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 4, 0, 5, 0, 1],
];
const G = [
  [1 / 4, 0, 0],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [0, 0, 1],
];
const A = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, 1, 2, 2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, 1, 8, 8, 1],
];
/**
 * Roundings that a term meets in Bᵀ v, in its weight, and in Aᵀ M + bias: the additions it goes through one after the
 * other. Factors there are powers of 2.
 */
const TRANSFORMATIONS = 2 + 1 + 4;

/** Roundings that a term of an output meets, and one for what they do to each other. */
export function roundingsOf({ ins }: naive.Window): number {
  return 3 * ins + TRANSFORMATIONS + 1;
}

/** The absolute values that a Bounded may have. */
export function sizesOf({ value, error }: Bounded): Float64Array {
  return value.map((x, i) => Math.abs(x) + error[i]!);
}

/** The sums of the absolute values of all that a kernel adds up for each output, from those of its inputs. */
export function termsOf(
  window: naive.Window,
  sizes: naive.Numbers,
  w: naive.Numbers,
  bias: naive.Numbers,
): Float64Array {
  const { images, height, width, ins, outs, dilation: d, padding } = window;
  const at = (plane: number, r: number, s: number) => {
    // Further out than the window reaches the kernel takes zeros.
    const row = r < height + d ? naive.source(r, height, padding) : -1;
    const column = naive.source(s, width, padding);
    return row < 0 || column < 0 ? 0 : sizes[(plane * height + row) * width + column]!;
  };
  /** |G| |w| of each column of each kernel. */
  const kernels = Array.from({ length: outs * ins }, (_, kernel) =>
    [0, 1, 2].map((kx) => {
      const column = [0, 1, 2].map((ky) => Math.abs(w[9 * kernel + 3 * ky + kx]!));
      return G.map((row) => dot(row, column));
    }),
  );
  const terms = new Float64Array(images * outs * height * width);
  for (let n = 0; n < images; n++) {
    for (let r = 0; r < height; r++) {
      for (let s = 0; s < width; s++) {
        const j = Math.floor((r % (4 * d)) / d);
        const y = (o: number) => ((n * outs + o) * height + r) * width + s;
        for (let i = 0; i < ins; i++) {
          for (let k = 0; k < 3; k++) {
            const v = [0, 1, 2, 3, 4, 5].map((l) => at(n * ins + i, r + (l - 1 - j) * d, s + (k - 1) * d));
            const t = B.map((row, p) => A[j]![p]! * dot(row, v));
            for (let o = 0; o < outs; o++) terms[y(o)]! += dot(t, kernels[o * ins + i]![k]!);
          }
        }
        for (let o = 0; o < outs; o++) terms[y(o)]! += Math.abs(bias[o]!);
      }
    }
  }
  return terms;
}

/** termsOf for the input gradient of a layer, from the sizes of dy. */
export function inputGradientTerms(window: naive.Window, dy: naive.Numbers, w: naive.Numbers): Float64Array {
  const { images, height, width, ins, outs, dilation, padding } = window;
  const turned = new Float64Array(9 * ins * outs);
  for (let k = 0; k < turned.length; k++) {
    const [o, i] = [Math.floor(k / (9 * ins)), Math.floor(k / 9) % ins];
    turned[(i * outs + o) * 9 + 8 - (k % 9)] = w[k]!;
  }
  const by = padding === "zeros" ? 0 : dilation;
  const size = { images, height: height + 2 * by, width: width + 2 * by };
  const back = { ...size, ins: outs, outs: ins, dilation, padding: "zeros" } as const;
  const padded = naive.pad(dy, window, outs, by, "zeros");
  const terms = termsOf(back, padded, turned, new Float64Array(ins));
  const dx = new Float64Array(naive.valuesOf(window, ins));
  terms.forEach((term, at) => {
    const plane = Math.floor(at / (size.height * size.width));
    const row = naive.source((Math.floor(at / size.width) % size.height) - by, height, "reflect");
    const column = naive.source((at % size.width) - by, width, "reflect");
    dx[(plane * height + row) * width + column]! += term;
  });
  return dx;
}

/**
 * The sums of the absolute values of all that the weight gradient's kernel adds up, from the sizes of dy and of x. It
 * takes groups of four rows of dy or, transposed, of x.
 */
export function weightGradientTerms(
  window: naive.Window,
  dy: naive.Numbers,
  x: naive.Numbers,
  transposed: boolean,
): { dw: Float64Array; dbias: Float64Array } {
  const { images, height, width, ins, outs, dilation: d, padding } = window;
  const [as, bs] = transposed ? [ins, outs] : [outs, ins];
  const [a, b] = transposed ? [x, dy] : [dy, x];
  const { dbias } = naive.weightGradient({ ...window, ins: 1 }, dy, x);
  const dw = new Float64Array(9 * ins * outs);
  const inside = (values: naive.Numbers, plane: number, row: number, column: number) =>
    values[(plane * height + row) * width + column]!;
  const around = (plane: number, r: number, s: number) => {
    const row = r < height + d ? naive.source(r, height, padding) : -1;
    const column = naive.source(s, width, padding);
    return row < 0 || column < 0 ? 0 : inside(b, plane, row, column);
  };
  for (let n = 0; n < images; n++) {
    for (let top = 0; top < height; top++) {
      if (top % (4 * d) >= d) continue;
      for (let s = 0; s < width; s++) {
        /** |A| a and |B| b of each channel, and of each place of the window in a row. */
        const gradients = Array.from({ length: as }, (_, c) =>
          [0, 1, 2, 3, 4, 5].map((p) =>
            [0, 1, 2, 3].reduce((sum, j) => {
              const row = top + j * d;
              return row < height ? sum + A[j]![p]! * inside(a, n * as + c, row, s) : sum;
            }, 0),
          ),
        );
        const inputs = Array.from({ length: bs }, (_, c) =>
          [0, 1, 2].map((k) => {
            const v = [0, 1, 2, 3, 4, 5].map((l) => around(n * bs + c, top + (l - 1) * d, s + (k - 1) * d));
            return B.map((row) => dot(row, v));
          }),
        );
        for (const [c, gradient] of gradients.entries()) {
          for (const [i, planes] of inputs.entries()) {
            for (const [k, values] of planes.entries()) {
              for (let l = 0; l < 3; l++) {
                const at = 3 * l + k;
                const index = transposed ? (i * ins + c) * 9 + 8 - at : (c * ins + i) * 9 + at;
                for (let p = 0; p < 6; p++) dw[index]! += G[p]![l]! * gradient[p]! * values[p]!;
              }
            }
          }
        }
      }
    }
  }
  return { dw, dbias };
}

/**
 * Roundings that a term of it meets: in A a and Bᵀ b, its product, a lane's run over a band, the lanes' sum, the bands of
 * all images, the chunks, Gᵀ, and one for what they do to each other. What is within 16 of them is made 0.
 */
export function weightGradientRoundings({ images, height, width, dilation }: naive.Window): number {
  const vectors = Math.ceil(width / 4);
  const groups = groupsOf(height, dilation);
  const band = bandOf(height, width, dilation);
  return 2 + 2 + 1 + vectors * band + 2 + images * Math.ceil(groups / band) + images + 1 + 1 + 16;
}

function dot(a: readonly number[], b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
