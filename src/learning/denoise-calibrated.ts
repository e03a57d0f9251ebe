import type { Denoised, Denoiser } from "../denoiser/denoiser.ts";
import { type DenoiseOptions, requestOf } from "../denoiser/request.ts";
import { requireOption } from "../errors.ts";
import {
  checkPicture,
  copyOf,
  kindOf,
  type Picture,
  type PictureValues,
  type SameKind,
} from "../pictures/picture.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { CALIBRATED_LEVEL, type Calibration, transformOf } from "./calibration.ts";

/** So many values are transformed in some milliseconds. */
const VALUES = 2 ** 16;
/** Values are transformed for this many milliseconds before the event loop gets its next turn. */
const TURN = 25;

/** A denoiser that takes the noise of all pictures for what a calibration says, and not for what `sigma` says. */
export const calibratedDenoiser = (denoiser: Denoiser, calibration: Calibration): Denoiser => ({
  variant: denoiser.variant,
  get threads() {
    return denoiser.threads;
  },
  denoise(picture, options = {}) {
    const { sigma: _, ...others } = options;
    return denoiseCalibrated(denoiser, picture, calibration, others);
  },
  dispose: denoiser.dispose,
  [Symbol.dispose]: denoiser.dispose,
});

/** Denoises a picture behind the transform of a calibration. The options are those of `Denoiser.denoise`, without a level. */
export async function denoiseCalibrated<Values extends PictureValues>(
  denoiser: Denoiser,
  given: Picture<Values>,
  calibration: Calibration,
  options: DenoiseOptions,
): Promise<Denoised<Values>> {
  const transform = transformOf(calibration);
  const { picture, sigma, strength, quality, range, signal, onProgress } = requestOf(given, options);
  requireOption("sigma", sigma, sigma === "auto", "left out, since the calibration knows the level");
  const { channels, colors, black, step } = checkPicture(picture, range);
  const { data, width, height } = picture;
  const isColor = (i: number) => i % channels < colors;
  const transformed = new Float32Array(data.length);
  await forAll(data.length, signal, (i) => {
    if (isColor(i)) transformed[i] = transform.apply((data[i]! - black) / step);
  });
  const denoised = await denoiser.denoise(
    { data: transformed, width, height, channels },
    { sigma: CALIBRATED_LEVEL, quality, range: [0, 255], transfer: true, signal, onProgress },
  );
  const result = copyOf(data) as PictureValues as SameKind<Values>;
  const kind = kindOf(data);
  const written = kind === "Uint8Array" ? new Uint8ClampedArray(result.buffer) : result;
  /** The sum of the squares of the noise's levels at all values. */
  let squares = 0;
  await forAll(data.length, signal, (i) => {
    if (!isColor(i)) return;
    const grey = transform.invert(denoised.data[i]!);
    squares += (CALIBRATED_LEVEL / transform.slopeAt(grey)) ** 2;
    const clean = black + step * grey;
    const value = data[i]! - strength * (data[i]! - clean);
    written[i] = kind === "Uint16Array" ? Math.min(65_535, Math.max(0, value)) + 0.5 : value;
  });
  const level = Math.sqrt(squares / (width * height * colors));
  return { data: result, width, height, channels, sigma: level };
}

/** Does something with all indexes up to `count`. The event loop gets its turn meanwhile. @throws the signal's reason, once it is aborted */
async function forAll(
  count: number,
  signal: AbortSignal | undefined,
  work: (index: number) => void,
): Promise<void> {
  let turn = performance.now();
  for (let i = 0; i < count; i++) {
    work(i);
    if (i % VALUES > 0 || performance.now() - turn < TURN) continue;
    await yieldToEventLoop();
    signal?.throwIfAborted();
    turn = performance.now();
  }
}
