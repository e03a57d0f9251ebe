/** Takes a picture through the network: from its values to the network's, and back. */
import { ModelFileError } from "../errors.ts";
import type { ConvModel } from "../model/conv-model.ts";
import { checkPicture, copyOf, kindOf, type PictureValues, type SameKind } from "../pictures/picture.ts";
import { insideOf, type StreamedRows } from "./conv-stream.ts";
import type { Denoised } from "./denoiser.ts";
import type { Request } from "./request.ts";
import { type FoundNoise, findNoise } from "./sigma.ts";
import { type View, viewsOf } from "./views.ts";
import type { Window } from "./windows.ts";

/**
 * Cuts a picture of this size into windows, and runs the network of a number over what `rowsOf` gives for each: in any
 * order, and on several windows at a time. `onProgress` is called from time to time with the part of the work that is done, below 1.
 * The promise is rejected if the network, a callback or the signal says so, and no callback is called after that.
 */
export type Run = (
  network: number,
  width: number,
  height: number,
  rowsOf: (window: Window) => StreamedRows[],
  signal: AbortSignal | undefined,
  onProgress: (part: number) => void,
) => Promise<void>;

/**
 * @param run takes windows of the picture through the networks
 * @param models the models of these networks
 * @throws DataError if a value is not finite or out of range, or no range is given where 1 seems to be white
 * @throws ModelFileError if the model puts out values that are not finite
 */
export async function denoisePicture<Values extends PictureValues>(
  run: Run,
  models: readonly ConvModel[],
  { picture, sigma: asked, strength, quality, range, signal, onProgress }: Request<Values>,
): Promise<Denoised<Values>> {
  signal?.throwIfAborted();
  const checked = checkPicture(picture, range);
  const { channels, colors, distinct, black, step } = checked;
  const { data, width, height } = picture;
  const network = Math.max(
    0,
    models.findIndex((model) => model.channels === distinct),
  );
  const model = models[network]!;
  const groups = channelGroups(distinct, model.channels);
  // Where the three colours are equal, the first is denoised, and the others become its copies.
  const copied = distinct < colors;
  const averaged = model.channels > distinct;
  const { sigma, noiseless }: FoundNoise = asked === "auto" ? findNoise(picture, checked) : { sigma: asked };
  const result = copyOf(data) as PictureValues as SameKind<Values>;
  const { scale, residual, margin } = model;
  const level = Math.fround(scale * sigma);
  // From the picture's values to the network's, and back.
  const scaled = scale / step;
  const unscaled = step / scale;
  const kind = kindOf(data);
  const values = kind === "Uint8Array" ? new Uint8ClampedArray(result.buffer) : result;
  // What this array of integers rounds down is rounded to the nearest.
  const held = (value: number) =>
    kind === "Uint16Array" ? Math.min(65_535, Math.max(0, value)) + 0.5 : value;
  const isMean = quality === "best";
  const views = viewsOf(isMean ? 8 : 1, width, height, channels);
  // The results of several views are added up in float32, in the order of the views, whichever threads compute them.
  const sums = isMean && kind !== "Float32Array" ? new Float32Array(data.length) : values;
  /** The sum of all that was put out: not finite if one of it is not. */
  let total = 0;
  const rowsOf = (view: View) => (window: Window) =>
    groups.map((group): StreamedRows => {
      const { start, end, from, to } = window;
      const { width, height, origin, down, right } = view;
      // Columns of the window, and of the result, that are the picture's own and not those of its mirror image.
      const first = Math.max(start, margin);
      const last = Math.min(end, margin + width);
      const left = Math.max(from, margin);
      const edge = Math.min(to, margin + width);
      return {
        window,
        height: height + 2 * margin,
        level,
        write(row, floats, at, stride) {
          const line = origin + insideOf(row - margin, height) * down;
          let target = at - start;
          for (const channel of group) {
            let source = line + (first - margin) * right + channel;
            for (let x = first; x < last; x++, source += right)
              floats[target + x] = scaled * (data[source]! - black);
            const mirror = (x: number) => {
              const mirrored = data[line + insideOf(x - margin, width) * right + channel]!;
              floats[target + x] = scaled * (mirrored - black);
            };
            for (let x = start; x < first; x++) mirror(x);
            for (let x = last; x < end; x++) mirror(x);
            target += stride;
          }
        },
        read(row, floats, at, stride) {
          if (row < margin || row >= margin + height) return;
          let source = at - start;
          for (const channel of averaged ? [0] : group) {
            let i = origin + (row - margin) * down + (left - margin) * right + channel;
            let sum = 0;
            for (let x = left; x < edge; x++, i += right) {
              let output = unscaled * floats[source + x]!;
              if (averaged) {
                const others = floats[source + stride + x]! + floats[source + 2 * stride + x]!;
                output = (output + unscaled * others) / 3;
              }
              const noise = residual ? output : data[i]! - (output + black);
              const value = data[i]! - strength * noise;
              sum += Math.fround(value);
              if (!isMean) sums[i] = held(value);
              else sums[i] = view === views[0] ? value : sums[i]! + Math.fround(value);
              if (copied) sums[i + 1] = sums[i + 2] = sums[i]!;
            }
            source += stride;
            total += sum;
          }
        },
      };
    });
  const isChanged = sigma * strength > 0;
  if (isChanged) {
    for (const [index, view] of views.entries()) {
      const report = (part: number) => onProgress?.((index + part) / views.length);
      await run(network, view.width + 2 * margin, view.height + 2 * margin, rowsOf(view), signal, report);
    }
    if (!Number.isFinite(total))
      throw new ModelFileError(`${model.name} puts out values that are not finite. Use another model.`);
    if (isMean) {
      for (let i = 0; i < data.length; i += channels)
        for (let c = i; c < i + colors; c++) values[c] = held(sums[c]! / views.length);
    }
  }
  onProgress?.(1);
  const unchanged = noiseless ?? (isChanged ? undefined : "as-asked");
  return { data: result, width, height, channels, sigma, ...(unchanged && { unchanged }) };
}

/**
 * The picture's channels in groups that go through the network together. A colour model takes a grey picture as three equal
 * channels, and what it makes of these is averaged.
 */
function channelGroups(distinct: 1 | 3, modelChannels: 1 | 3): number[][] {
  if (modelChannels === 1) return [[0], [1], [2]].slice(0, distinct);
  return [distinct === 1 ? [0, 0, 0] : [0, 1, 2]];
}
