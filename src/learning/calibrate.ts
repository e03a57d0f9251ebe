/** Calibration: learns from noisy pictures alone how their noise depends on brightness. */
import { findNoise } from "../denoiser/sigma.ts";
import { networkOf } from "../model/model-network.ts";
import type { ModelLike } from "../model/model.ts";
import { Network } from "../network/network.ts";
import { Random } from "../noise/rng.ts";
import { checkPicture, inGreyLevels, type Picture } from "../pictures/picture.ts";
import { PARAMETERS, Transform } from "./transform.ts";

/** Height and width of the crops. */
const SIDE = 128;
/** One pixel in so many, in each direction, is hidden. */
const PERIOD = 4;
/** The level of the noise behind the transform. */
const LEVEL = 25;

export interface CalibrateOptions {
  steps?: number;
  rate?: number;
  seed?: number;
  threads?: number;
  side?: number;
  onStep?: (step: number, loss: number) => void;
}

export async function calibrate(
  model: ModelLike,
  pictures: readonly Picture[],
  { steps = 400, rate = 0.01, seed = 1, threads = 1, side = SIDE, onStep }: CalibrateOptions = {},
): Promise<Transform> {
  const { channels } = model.spec.input;
  const size = { height: side, width: side };
  const network = await Network.create(model.spec, { batch: 1, size, inputGradient: true, threads });
  for (const [name, values] of model.parameters) network.set(name, values);
  network.sigma.fill(LEVEL);
  const greys = pictures.map((picture) => {
    const checked = checkPicture(picture);
    return { ...inGreyLevels(picture, checked), sigma: findNoise(picture, checked).sigma, channels: checked.channels };
  });
  let [least, greatest, sigma] = [Infinity, -Infinity, 0];
  for (const { data, sigma: own } of greys) {
    for (const value of data) {
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    sigma += own / greys.length;
  }
  const transform = new Transform(least, greatest, LEVEL / (sigma || 10));
  const random = new Random(seed, 7, 0);
  const means = new Float64Array(PARAMETERS);
  const squares = new Float64Array(PARAMETERS);
  const values = side * side * channels;
  const crop = new Float64Array(values);
  const transformed = new Float64Array(values);
  const row = side * channels;
  for (let step = 0; step < steps; step++) {
    const picture = greys[Math.floor(random.uniform() * (greys.length))]!;
    const top = Math.floor(random.uniform() * (picture.height - side + 1));
    const left = Math.floor(random.uniform() * (picture.width - side + 1));
    const depth = picture.channels;
    for (let y = 0, i = 0; y < side; y++) {
      let at = ((top + y) * picture.width + left) * depth;
      for (let x = 0; x < side; x++, at += depth)
        for (let c = 0; c < channels; c++, i++) crop[i] = picture.data[at + (depth < 3 ? 0 : c)]!;
    }
    for (let i = 0; i < values; i++) transformed[i] = transform.apply(crop[i]!);
    network.input.set(transformed);
    const hidden: number[] = [];
    let first: [number, number] = [0, 0];
    for (let c = 0; c < channels; c++) {
      if (c === 0 || depth >= 3) first = [Math.floor(random.uniform() * (PERIOD)), Math.floor(random.uniform() * PERIOD)];
      for (let y = first[0]; y < side - 1; y += PERIOD) {
        for (let x = first[1]; x < side - 1; x += PERIOD) {
          if (y === 0 || x === 0) continue;
          const i = y * row + x * channels + c;
          network.input[i] =
            (transformed[i - row]! + transformed[i + row]! + transformed[i - channels]! + transformed[i + channels]!) / 4;
          hidden.push(i);
        }
      }
    }
    network.forward();
    network.outputGradient.fill(0);
    let loss = 0;
    for (const i of hidden) {
      const error = transform.invert(network.output[i]!) - crop[i]!;
      loss += error * error;
      network.outputGradient[i] = transform.addInverted(network.output[i]!, (2 * error) / hidden.length);
    }
    network.backward();
    const gradient = network.inputGradient;
    for (const i of hidden) {
      const part = gradient[i]! / 4;
      for (const j of [i - row, i + row, i - channels, i + channels]) transform.addApplied(crop[j]!, part);
      gradient[i] = 0;
    }
    for (let i = 0; i < values; i++) transform.addApplied(crop[i]!, gradient[i]!);
    transform.finishGradient();
    onStep?.(step, loss / hidden.length);
    const { parameters, gradient: slopes } = transform;
    const current = rate * 10 ** -Math.floor((3 * step) / steps);
    for (let p = 0; p < PARAMETERS; p++) {
      const g = slopes[p]!;
      means[p] = 0.9 * means[p]! + 0.1 * g;
      squares[p] = 0.999 * squares[p]! + 0.001 * g * g;
      const mean = means[p]! / (1 - 0.9 ** (step + 1));
      const square = squares[p]! / (1 - 0.999 ** (step + 1));
      parameters[p]! -= (current * mean) / (Math.sqrt(square) + 1e-8);
    }
    slopes.fill(0);
    transform.update();
  }
  await network.dispose();
  return transform;
}
