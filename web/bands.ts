/** Denoises a picture in bands from its top to its bottom, each of which can be shown as soon as it is done. */
import { type Denoised, type DenoiseOptions, type Denoiser, toImageData } from "../src/browser.ts";
import type { FoundNoise } from "../src/denoiser/sigma.ts";
import type { Window } from "../src/denoiser/windows.ts";
import { yieldToEventLoop } from "../src/wasm/event-loop.ts";
import { isGrey } from "./grey.ts";

/** How far a network looks, as in `ConvModel` (src/model/conv-model.ts). */
export interface Sight {
  readonly reach: number;
  readonly multiple: number;
}

export interface BandedOptions extends Pick<DenoiseOptions, "sigma" | "quality" | "signal" | "onProgress"> {
  /** Finds the level of a large picture's noise elsewhere, if it can, so that the picture need not be copied for that. */
  readonly find?: (() => Promise<FoundNoise>) | undefined;
  /** Called when the rows from `from` up to `to` of the result are there. Not called for a picture of one band. */
  readonly onRows?: (result: ImageData, from: number, to: number) => void;
}

/** Pictures of up to this many pixels are done in one. */
export const ONE_BAND = 2e6;
/** About how many pixels come out of the first band, which is to be there soon, and of each other one. */
const FIRST_BAND = 4e5;
const BAND = 2e6;
/** Convolutions compute this many rows together, which shows in the last bits, so bands begin where such a group does. */
const ROWS_TOGETHER = 4;

/**
 * The result is that of `denoiser.denoise(image)`: bands overlap by as much as the network sees, and all take the level of the
 * whole picture.
 */
export async function denoiseInBands(
  denoiser: Denoiser,
  image: ImageData,
  sight: Sight,
  { find, onRows, ...options }: BandedOptions,
): Promise<Pick<Denoised, "sigma" | "unchanged"> & { readonly image: ImageData }> {
  const { width, height } = image;
  const { signal, onProgress } = options;
  if (width * height <= ONE_BAND) {
    const denoised = await denoiser.denoise(image, options);
    return { ...denoised, image: toImageData(denoised) };
  }
  const { sigma, noiseless }: FoundNoise =
    options.sigma === "auto"
      ? await levelOf(denoiser, image, signal, find)
      : { sigma: options.sigma as number };
  signal?.throwIfAborted();
  if (sigma === 0) return { image, sigma, unchanged: noiseless ?? "as-asked" };

  const result = new ImageData(width, height);
  const bands = bandsOf(image, sight);
  const done = bands.map(() => 0);
  const run = async ({ start, end, from, to }: Window, index: number) => {
    const data = new Uint8ClampedArray(4 * width * (end - start));
    await copyInTurns(image.data.subarray(4 * width * start, 4 * width * end), data, signal);
    const report = (part: number) => {
      done[index] = part * (to - from);
      onProgress?.(done.reduce((sum, rows) => sum + rows, 0) / height);
    };
    const band = { data, width, height: end - start };
    const denoised = await denoiser.denoise(band, { ...options, sigma, transfer: true, onProgress: report });
    const rows = denoised.data.subarray(4 * width * (from - start), 4 * width * (to - start));
    await copyInTurns(rows, result.data.subarray(4 * width * from, 4 * width * to), signal);
    onRows?.(result, from, to);
  };
  // While a band is being finished, the next one is already there for threads that have nothing left to do.
  let before: Promise<void> = Promise.resolve();
  for (const [index, band] of bands.entries()) {
    const current = run(band, index);
    current.catch(() => {});
    await before;
    before = current;
  }
  await before;
  return { image: result, sigma };
}

/** The bytes that are copied at a time: memory that is used for the first time costs the system milliseconds for each million. */
const COPIED = 2 ** 21;

/** Copies pixels, and gives the event loop its turn meanwhile. */
async function copyInTurns(
  source: Uint8ClampedArray,
  target: Uint8ClampedArray,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < source.length; at += COPIED) {
    target.set(source.subarray(at, at + COPIED), at);
    await yieldToEventLoop();
    signal?.throwIfAborted();
  }
}

async function levelOf(
  denoiser: Denoiser,
  image: ImageData,
  signal: AbortSignal | undefined,
  find: BandedOptions["find"],
): Promise<FoundNoise> {
  const found = await find?.().catch(() => undefined);
  if (found) return found;
  // With a strength of 0, only the level is found.
  const { sigma, unchanged } = await denoiser.denoise(image, { strength: 0, signal });
  return { sigma, ...(unchanged && unchanged !== "as-asked" && { noiseless: unchanged }) };
}

/** A band of a coloured picture has colours, too: one that has none is joined with the next, so that no other model takes it. */
function bandsOf({ data, width, height }: ImageData, { reach, multiple }: Sight): Window[] {
  const step = ROWS_TOGETHER * multiple;
  const rowsOf = (pixels: number) => Math.ceil(pixels / width / step) * step;
  const isGreyPicture = isGrey(data);
  const bands: Window[] = [];
  let from = 0;
  let rows = rowsOf(FIRST_BAND);
  while (from < height) {
    let to = Math.min(height, from + rows);
    const start = Math.max(0, Math.floor((from - reach) / step) * step);
    const endOf = (to: number) => Math.min(height, to + reach);
    const isGreyBand = () => isGrey(data.subarray(4 * width * start, 4 * width * endOf(to)));
    while (!isGreyPicture && to < height && isGreyBand()) to = Math.min(height, to + rows);
    bands.push({ start, end: endOf(to), from, to });
    from = to;
    rows = rowsOf(BAND);
  }
  return bands;
}
