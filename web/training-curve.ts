/**
 * The curve of a training: what was measured after each epoch. Checkpoints hold losses only, so the page keeps the curves of the
 * last few trainings in the browser, and finds the one that a checkpoint belongs to by its data, recipe, seed and losses.
 */
import type { Checkpoint } from "../src/training/checkpoint.ts";
import type { Measured } from "./test-set.ts";
import type { TrainingRequest } from "./training-messages.ts";

export interface CurvePoint {
  readonly loss: number;
  /** Undefined where it was not measured: in an epoch that another program trained. */
  readonly psnr: Measured | undefined;
}

export interface TrainingCurve {
  /** The points of epochs 1, 2, … */
  readonly points: CurvePoint[];
  /** The PSNR of the noisy test pictures, in dB. */
  noisy?: number;
  /** What the model reaches that the training began with. */
  before?: Measured | undefined;
}

/** A training, as the chart shows it. */
export interface Run {
  /** What tells it from others: `TrainingRequest.kept`. */
  readonly kept: number;
  readonly name: string;
  readonly curve: TrainingCurve;
}

/** A line of a curve: PSNR of pictures that are trained on, PSNR of test pictures, or the training loss. */
export type Line = keyof Measured | "loss";

const STORE = "denoise-wasm curves";
const KEPT = 4;

type Kept = TrainingCurve & { readonly key: string };

const keyOf = ({ recipe, seed }: Pick<TrainingRequest, "recipe" | "seed">, sha256: string) =>
  `${recipe.name} ${seed} ${sha256}`;

function kept(): Kept[] {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "[]");
  } catch {
    // There is no store, or another program has written to it.
    return [];
  }
}

export function keepCurve(request: TrainingRequest, sha256: string, curve: TrainingCurve): void {
  const key = keyOf(request, sha256);
  const others = kept().filter((one) => one.key !== key);
  try {
    localStorage.setItem(STORE, JSON.stringify([{ key, ...curve }, ...others].slice(0, KEPT)));
  } catch {
    // Without a store, a curve that is resumed begins where it was resumed.
  }
}

/** The curve of the training that a checkpoint was saved of, up to there. */
export function curveOf(checkpoint: Checkpoint): TrainingCurve {
  const key = keyOf(checkpoint, checkpoint.data.sha256);
  const curve = kept().find((one) => one.key === key);
  const points = checkpoint.epochs.map(({ loss }, index): CurvePoint => {
    const point = curve?.points[index];
    return { loss, psnr: point?.loss === loss ? point.psnr : undefined };
  });
  return { points, ...(curve?.before && { before: curve.before }) };
}

/** The values of epochs 1, 2, …; NaN where it was not measured. */
export function lineOf({ points }: TrainingCurve, line: Line): number[] {
  return points.map(({ loss, psnr }) => (line === "loss" ? loss : (psnr?.[line] ?? Number.NaN)));
}

/** The mean over each value and up to `reach` of its neighbours to each side. NaN stays, and goes into no mean. */
export function smoothed(values: readonly number[], reach: number): number[] {
  return values.map((value, index) => {
    if (Number.isNaN(value)) return value;
    const near = values
      .slice(Math.max(0, index - reach), index + reach + 1)
      .filter((one) => !Number.isNaN(one));
    return near.reduce((sum, one) => sum + one, 0) / near.length;
  });
}

/** The curves of trainings as a table that spreadsheets read (CSV). */
export function tableOf(runs: readonly Run[]): string {
  const lines = runs.flatMap(({ name, curve: { points } }) =>
    points.map(
      ({ loss, psnr }, index) =>
        `"${name.replaceAll('"', '""')}",${index + 1},${loss},${psnr?.training ?? ""},${psnr?.test ?? ""}`,
    ),
  );
  return ["run,epoch,training loss,training PSNR in dB,test PSNR in dB", ...lines, ""].join("\n");
}

/** The last test result in words. @param isDense whether the network is an autoencoder, which squeezes pictures into a code */
export function verdict({ points, noisy, before }: TrainingCurve, isDense: boolean): string {
  const test = points.at(-1)?.psnr?.test;
  if (test === undefined || noisy === undefined) return "";
  const first = before ? `before this training ${before.test.toFixed(2)}, ` : "";
  const isNoisy = noisy < Number.POSITIVE_INFINITY;
  const given = isNoisy ? `noisy ${noisy.toFixed(2)} dB, ` : "";
  const figures = `PSNR of the test pictures: ${given}${first}denoised ${test.toFixed(2)} dB.`;
  // No picture of values from 0 to 255 is so far from another one.
  if (!(test >= 0))
    return `${figures} The training has diverged: the output is no picture any more. Use a smaller learning rate.`;
  if (!isNoisy) return `${figures} With a noise σ of 0 there is nothing to take away.`;
  if (test >= noisy) return figures;
  const further = "the output is further from the original than the noisy picture.";
  return isDense
    ? `${figures} It compresses more than it denoises: ${further}`
    : `${figures} It does not denoise yet: ${further} Train it longer or, if this gets worse, by a smaller learning rate.`;
}
