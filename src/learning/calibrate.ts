/**
 * Calibration: learns from noisy pictures alone how their noise depends on brightness, so that a model that knows only noise
 * of even strength can take it away. A transform of the values is fitted such that the model predicts hidden pixels best; the
 * model's weights stay as they are. The cost does not depend on the size of the pictures.
 *
 * Sébastien Herbreteau and Michael Unser, "Noise2VST: learning variance-stabilising transforms for denoising", ICCV 2025.
 */
import { DataError, optionsFrom, requireNoOthers, requireOption, requireRunOptions } from "../errors.ts";
import type { ModelLike } from "../model/model.ts";
import { Network } from "../network/network.ts";
import { shrinkOf } from "../network/spec.ts";
import { Purpose, Random } from "../noise/rng.ts";
import { checkPicture, type Picture, type Range } from "../pictures/picture.ts";
import { requireWhole } from "../training/train-options.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { CALIBRATED_LEVEL, type Calibration, calibrationOf, type Scale } from "./calibration.ts";
import { Crops, type Source } from "./crops.ts";
import { curveOf, type Patch, patchesOf } from "./noise-curve.ts";
import { type NoiseLevel, noiseByBrightness, sigmaAt } from "./noise-levels.ts";
import { KNOTS, LearnedTransform, PARAMETERS, Transform } from "./transform.ts";

/** How a calibration is made. Every option has a default. */
export interface CalibrateOptions {
  /** The values of black and of white in the pictures: see `DenoiseOptions`. */
  readonly range?: Range | undefined;
  /**
   * Whether the noise of neighbouring pixels is alike, as in JPEG files and in pictures whose colours were made from a mosaic. A
   * pixel then tells of its neighbours' noise, so that of each crop only every second pixel is taken, in both directions.
   * Default: found out from even parts of the pictures.
   */
  readonly spread?: boolean | undefined;
  /** How many crops are learned from, one after the other: from 10 to 100,000. Default 600. */
  readonly steps?: number | undefined;
  /** A 32-bit unsigned integer: which crops are taken, and which of their pixels are hidden. Default 1. */
  readonly seed?: number | undefined;
  /** Aborts the work: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called from time to time with the part of the work that is done, from 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Height and width of a crop, if the pictures are as large. */
const SIDE = 64;
/** Of pictures and crops, in pixels: below it, hardly a pixel of a crop would be hidden. */
export const LEAST_SIDE = 16;
/** Of Adam, in each third of the steps. */
const RATES = [0.05, 0.01, 0.001];
/** If the noise of neighbours goes together more than that, it is taken for spread: docs/learning-from-noise.md has figures. */
const SPREAD = 0.25;
/** Of so many values is it found out how the pictures' values are distributed. */
const SAMPLES = 2 ** 16;
/** Multiples of it, modulo 1, are spread evenly: over all columns and colours. */
const GOLDEN_SECTION = 0.6180339887498949;
/** The part of the pictures' values that is darker than what is black where the transform is learned, and brighter than white. */
const BEYOND = 0.001;
/** Noise is weak below so many of 255 steps from the pictures' own black to their own white. */
const WEAK = 12;
/** If weak noise is learned to be so many times as strong as in the patches that vary least, it is not believed. */
const TOO_STRONG = 1.2;
/** The calibration runs for this many milliseconds before the event loop gets its next turn. */
const TURN = 25;

/**
 * Learns the noise of pictures of one source.
 *
 * @param models of which each picture takes the first for as many colours as it has, or else the first of all
 * @param pictures noisy pictures, or parts of them, at least 16 pixels wide and high, or 32 if their noise is spread
 * @throws DataError if there is no picture, one is broken, too small or all of one value, or 1 seems to be white where no
 * range was given
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 */
export async function calibrate(
  models: readonly ModelLike[],
  pictures: readonly Picture[],
  options?: CalibrateOptions,
): Promise<Calibration> {
  const { range, spread, steps = 600, seed = 1, signal, onProgress, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireRunOptions(signal, onProgress);
  requireOption("spread", spread, ["undefined", "boolean"].includes(typeof spread), "true or false");
  requireWhole("steps", steps, 10, 100_000);
  requireWhole("seed", seed, 0, 2 ** 32 - 1);
  const isList = Array.isArray(pictures) && pictures.length > 0;
  requireOption("pictures", pictures, isList, "a list of one picture or more");
  signal?.throwIfAborted();
  const sources: Source[] = [];
  const correlations: number[] = [];
  const patches: Patch[] = [];
  for (const picture of pictures) {
    const checked = checkPicture(picture, range);
    const { data, width, height } = picture;
    sources.push({ data, width, height, ...checked });
    const own = patchesOf(picture, checked);
    await yieldToEventLoop();
    const curve = curveOf(own);
    if (curve) correlations.push(curve.correlation);
    patches.push(...own.filter((_, index) => index % pictures.length === 0));
    await yieldToEventLoop();
  }
  const correlation = correlations.reduce((sum, one) => sum + one / correlations.length, 0);
  const smallest = sources.reduce((least, { width, height }) => Math.min(least, width, height), Infinity);
  const shrink = Math.max(...models.map(({ spec }) => shrinkOf(spec)));
  const stride = (spread ?? correlation > SPREAD) ? 2 : 1;
  const side = Math.floor(Math.min(SIDE, smallest / stride) / shrink) * shrink;
  if (side < LEAST_SIDE)
    throw new DataError(
      `A picture is ${smallest} pixels high or wide. Give pictures of at least ${stride * LEAST_SIDE}.`,
    );
  const samples = samplesOf(sources);
  const scale = scaleOf(samples);
  const inScale = samples.map((value) => (value - scale.black) / scale.step);
  const levels = noiseByBrightness(patches).map(({ mean, sigma }) => ({
    mean: (mean - scale.black) / scale.step,
    sigma: sigma / scale.step,
  }));
  await yieldToEventLoop();
  const learner = new Learner(placesIn(inScale));
  const croppers = await Promise.all(models.map((model) => cropperOf(model, side, stride)));
  const random = new Random(seed, Purpose.calibration);
  /** A network with the next crop. */
  const next = (): Cropper => {
    const source = sources[Math.floor(sources.length * random.uniform())]!;
    const cropper = croppers.find(({ crops }) => crops.channels === source.distinct) ?? croppers[0]!;
    cropper.crops.take(source, scale, random);
    return cropper;
  };
  try {
    let resumed = performance.now();
    for (let step = 0; step < steps; step++) {
      learner.learn(next(), RATES[Math.floor((RATES.length * step) / steps)]!);
      if (performance.now() - resumed < TURN) continue;
      onProgress?.((step + 1) / steps);
      await yieldToEventLoop();
      signal?.throwIfAborted();
      resumed = performance.now();
    }
    onProgress?.(1);
    const transform = stride === 1 ? believable(learner.transform, levels, inScale) : learner.transform;
    return calibrationOf(transform, scale, stride === 2);
  } finally {
    for (const { network } of croppers) network.dispose();
  }
}

/** A network with a model's weights, and the crop that it is to see. */
interface Cropper {
  readonly network: Network;
  readonly crops: Crops;
}

async function cropperOf(model: ModelLike, side: number, stride: 1 | 2): Promise<Cropper> {
  const size = { height: side, width: side };
  const network = await Network.create(model.spec, { batch: 1, size, inputGradient: true });
  for (const [name, values] of model.parameters) network.set(name, values);
  network.sigma.fill(CALIBRATED_LEVEL);
  return { network, crops: new Crops(side, stride, model.spec.input.channels as 1 | 3) };
}

/** The pictures' values in grey levels, sorted; of many, a part that is spread evenly. */
function samplesOf(sources: readonly Source[]): Float64Array {
  const samples = sources.flatMap(({ data, width, height, channels, colors, black, step }) => {
    const all = width * height * colors;
    const count = Math.min(all, Math.ceil(SAMPLES / sources.length));
    return Array.from({ length: count }, (_, k) => {
      const i = count === all ? k : Math.floor(((k * GOLDEN_SECTION) % 1) * all);
      return (data[Math.floor(i / colors) * channels + (i % colors)]! - black) / step;
    });
  });
  return Float64Array.from(samples).sort();
}

/**
 * What is black and a grey level where the transform is learned. The values then reach from 0 to 255, as those that the models
 * know, however little of their range the pictures fill.
 */
function scaleOf(samples: Float64Array): Scale {
  const [least, greatest] = [samples[0]!, samples.at(-1)!];
  if (least === greatest)
    throw new DataError(`All values of the pictures are ${least} grey levels. Give noisy pictures.`);
  const beyond = Math.floor(BEYOND * samples.length);
  const [black, white] = [samples[beyond]!, samples[samples.length - 1 - beyond]!];
  // If all but a few are the same, the few count.
  return black === white
    ? { black: least, step: (greatest - least) / 255 }
    : { black, step: (white - black) / 255 };
}

/**
 * The values at which the transform bends, in the scale in which it is learned, from the least to the greatest of the pictures:
 * half way between evenly spaced ones and such as have equally many of the pictures' values between them. So they are dense
 * where many values are, and no two are the same.
 */
function placesIn(samples: Float64Array): Float64Array {
  return Float64Array.from({ length: KNOTS }, (_, k) => {
    const part = k / (KNOTS - 1);
    const sample = samples[Math.floor(part * (samples.length - 1))]!;
    return k % (KNOTS - 1) === 0 ? sample : (255 * part + sample) / 2;
  });
}

/**
 * The transform that was learned, or, if the noise is weak, one by what the patches show that vary least: in a picture full of
 * texture, what cannot be predicted is then mostly texture, and the learned transform takes it for noise.
 * @param levels the noise from dark to bright, in the transform's scale
 * @param samples the pictures' values, sorted, in that scale
 */
function believable(learned: Transform, levels: readonly NoiseLevel[], samples: Float64Array): Transform {
  if (levels.length === 0) return learned;
  // Of the darkest and the brightest values, the learned transform is not sure.
  const inner = samples.subarray(samples.length >> 3, samples.length - (samples.length >> 3));
  const rms = (noiseAt: (value: number) => number) =>
    Math.sqrt(inner.reduce((sum, value) => sum + noiseAt(value) ** 2, 0) / inner.length);
  const found = rms((value) => sigmaAt(levels, value));
  const isBelievable = rms((value) => CALIBRATED_LEVEL / learned.slopeAt(value)) <= TOO_STRONG * found;
  if (found >= WEAK || isBelievable) return learned;
  const { places } = learned;
  const values = Float64Array.from(places);
  for (let k = 1; k < KNOTS; k++) {
    const run = places[k]! - places[k - 1]!;
    values[k] = values[k - 1]! + (CALIBRATED_LEVEL * run) / sigmaAt(levels, places[k]! - run / 2);
  }
  return new Transform(places, values, 1, 0);
}

/** Fits a transform to crops, one after the other, by Adam (Kingma and Ba, 2015). */
class Learner {
  readonly transform: LearnedTransform;
  readonly #means = new Float64Array(PARAMETERS);
  readonly #squares = new Float64Array(PARAMETERS);
  /** 0.9ᵗ and 0.999ᵗ after t steps: `Math.pow` differs between engines. */
  #power1 = 1;
  #power2 = 1;

  /** @param places the values at which the transform bends. At first it changes nothing. */
  constructor(places: Float64Array) {
    this.transform = new LearnedTransform(places, 1);
  }

  /** One step: the hidden values of a crop are predicted, and the transform is changed a little. */
  learn({ network, crops }: Cropper, rate: number): void {
    const { transform } = this;
    const { values, hidden } = crops;
    const { input, output, outputGradient, inputGradient } = network;
    for (let i = 0; i < values.length; i++) input[i] = transform.apply(values[i]!);
    const means = hidden.map((i) => crops.around(i).reduce((sum, j) => sum + input[j]!, 0) / 4);
    for (const [n, i] of hidden.entries()) input[i] = means[n]!;
    network.forward();
    // The loss is the mean of the squared errors of hidden values, before the transform.
    transform.emptyGradient();
    outputGradient.fill(0);
    for (const i of hidden) {
      const error = transform.invert(output[i]!) - values[i]!;
      outputGradient[i] = transform.addInverted(output[i]!, (2 * error) / hidden.length);
    }
    network.backward();
    for (const i of hidden) {
      for (const j of crops.around(i)) transform.addApplied(values[j]!, inputGradient[i]! / 4);
      inputGradient[i] = 0;
    }
    for (let i = 0; i < values.length; i++) transform.addApplied(values[i]!, inputGradient[i]!);
    transform.finishGradient();
    this.#update(rate);
  }

  #update(rate: number): void {
    const { parameters, gradient } = this.transform;
    this.#power1 *= 0.9;
    this.#power2 *= 0.999;
    for (let p = 0; p < PARAMETERS; p++) {
      const g = gradient[p]!;
      const mean = 0.9 * this.#means[p]! + 0.1 * g;
      const square = 0.999 * this.#squares[p]! + 0.001 * g * g;
      this.#means[p] = mean;
      this.#squares[p] = square;
      parameters[p]! -=
        (rate * (mean / (1 - this.#power1))) / (Math.sqrt(square / (1 - this.#power2)) + 1e-8);
    }
    this.transform.update();
  }
}
