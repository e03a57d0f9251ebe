import { DataError, shown } from "../errors.ts";
import { KNOTS, Transform } from "./transform.ts";

/**
 * What was learned about the noise of one source of pictures, such as a camera with one setting: plain data, of less than
 * 4 KB as JSON, which the pictures cannot be told from. `parseCalibration` reads it back.
 */
export interface Calibration {
  /** Says what this is, also in a file. */
  readonly format: "denoise-wasm calibration 1";
  /**
   * Values of a picture, growing, in grey levels: 0 is black and 255 is white, in pictures of any kind. Between two of them
   * the transform is straight.
   */
  readonly places: readonly number[];
  /** What they are transformed to, growing: behind the transform, the noise has a standard deviation of 25 grey levels. */
  readonly values: readonly number[];
  /** What the inverse of the transform is multiplied by, */
  readonly slope: number;
  /** and what is then added to it, in grey levels. */
  readonly offset: number;
  /**
   * Whether the noise of neighbouring pixels goes together, as JPEG files and mosaics leave it. Then only a part of it is taken
   * away, and models that have learned such noise may do better without a calibration.
   */
  readonly spread: boolean;
}

const CALIBRATION_FORMAT = "denoise-wasm calibration 1";

/** The level of the noise behind the transform, in grey levels. */
export const CALIBRATED_LEVEL = 25;

/** The digits that are kept of each number: as many as float32 has. */
const DIGITS = 7;
/** Where these do not tell neighbours apart. */
const MORE_DIGITS = 12;

/** A model does best with noise that spreads if it is told so many times its level: docs/experiments.md. */
const SPREAD_LEVEL = 1.25;

/** What is black, and how large a step is, in grey levels. */
export interface Scale {
  readonly black: number;
  readonly step: number;
}

/**
 * A calibration with the numbers of a transform, rounded.
 * @throws DataError if the transform is of no use
 * @param scale in which it was learned
 */
export function calibrationOf(
  { places, values, slope, offset }: Transform,
  { black, step }: Scale,
  spread: boolean,
): Calibration {
  const factor = spread ? 1 / SPREAD_LEVEL : 1;
  return parseCalibration({
    format: CALIBRATION_FORMAT,
    places: growing(places.map((place) => black + step * place)),
    values: growing(values.map((value) => factor * value)),
    slope: rounded(slope),
    offset: rounded(step * offset + black * (1 - slope)),
    spread,
  });
}

const rounded = (value: number, digits = DIGITS) => Number(value.toPrecision(digits));

/** Growing numbers, rounded, with more digits if two would else be the same. */
function growing(numbers: Float64Array): number[] {
  const few = Array.from(numbers, (number) => rounded(number));
  const isGrowing = few.every((number, k) => k === 0 || number > few[k - 1]!);
  return isGrowing ? few : Array.from(numbers, (number) => rounded(number, MORE_DIGITS));
}

/** The transform of a calibration. @throws DataError if it is none */
export function transformOf(calibration: Calibration): Transform {
  const { places, values, slope, offset } = parseCalibration(calibration);
  return new Transform(Float64Array.from(places), Float64Array.from(values), slope, offset);
}

/**
 * The knots between which a calibration knows the noise well. Beyond them there are few pixels, and the noise that is found
 * may be far too strong.
 */
export const sureKnots = [16, 111] as const;

/**
 * The standard deviation of the noise, as a calibration knows it.
 * @param values of a picture, in grey levels: 0 is black and 255 is white
 * @returns the standard deviation at each of the values, in grey levels
 * @throws DataError if the calibration is none
 */
export function noiseLevels(calibration: Calibration, values: readonly number[]): number[] {
  const transform = transformOf(calibration);
  return values.map((value) => CALIBRATED_LEVEL / transform.slopeAt(value));
}

/**
 * Checks a calibration.
 * @param given a calibration, or its text as JSON
 * @param name what errors call it, such as the name of its file
 * @throws DataError if it is none
 */
export function parseCalibration(given: unknown, name = "The calibration"): Calibration {
  const fault = (what: string, cause?: unknown) =>
    new DataError(`${name} ${what}. Use one that \`calibrate\` made.`, { cause });
  let value = given;
  try {
    if (typeof given === "string") value = JSON.parse(given);
  } catch (cause) {
    throw fault("is not JSON", cause);
  }
  const { format, places, values, slope, offset, spread, ...others } = Object(value) as Partial<Calibration>;
  if (format !== CALIBRATION_FORMAT) throw fault(`is not of the format "${CALIBRATION_FORMAT}"`);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw fault(`has something else, ${shown(unknown)}`);
  const grows = (numbers: unknown) =>
    Array.isArray(numbers) &&
    numbers.length === KNOTS &&
    numbers.every((number, k) => Number.isFinite(number) && (k === 0 || number > numbers[k - 1]));
  if (!grows(places)) throw fault(`has \`places\` that are not ${KNOTS} growing numbers`);
  if (!grows(values)) throw fault(`has \`values\` that are not ${KNOTS} growing numbers`);
  if (!(Number.isFinite(slope) && slope! > 0)) throw fault("has a `slope` that is not above 0");
  if (!Number.isFinite(offset)) throw fault("has an `offset` that is no number");
  if (typeof spread !== "boolean") throw fault("does not say whether the noise is `spread`");
  return value as Calibration;
}
