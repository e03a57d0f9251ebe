/** Data sets of photographs: pictures that may differ in size, and that networks are trained on in patches. */
import { DataError, requireOption, shown } from "../errors.ts";
import { checkPicture, inGreyLevels, type Picture, type Range } from "../pictures/picture.ts";
import { type Dataset, type Images, type LabelledImages, type Photos, photosOf } from "./images.ts";
import { sha256 } from "./sha256.ts";

/** Something with a name, such as that of its file, which errors use. */
export interface Named {
  readonly name?: string;
}

/** The size of patches, such as a recipe's `spec.input`. */
export interface PatchSize {
  /** In pixels, as is the width. */
  readonly height: number;
  readonly width: number;
  /** Values of each pixel: 1 for grey, 3 for RGB. */
  readonly channels: number;
}

/** All test patches together hold about this many values at most, so that a report takes seconds. */
const TEST_VALUES = 2 ** 22;

/** The luma of a pixel, 0 to 255: 0.299·R + 0.587·G + 0.114·B, rounded (ITU-R BT.601, as in JPEG). */
export function luma(red: number, green: number, blue: number): number {
  return Math.round(weighted(red, green, blue));
}

const weighted = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue;

/**
 * The picture as bytes, grey or RGB: alpha is dropped, and values are rounded and clamped to 0 to 255.
 * @param range the values of black and of white in the picture: see `DenoiseOptions`
 * @throws DataError if it is not a picture: see `checkPicture`
 */
export function opaqueBytes(picture: Picture, range?: Range): Required<Picture<Uint8Array>> {
  const checked = checkPicture(picture, range);
  const { channels, colors } = checked;
  const { data, width, height } = inGreyLevels(picture, checked);
  const kept = colors === channels ? data : data.filter((_, index) => index % channels < colors);
  return {
    data: kept instanceof Uint8Array ? kept : Uint8Array.from(Uint8ClampedArray.from(kept)),
    width,
    height,
    channels: colors,
  };
}

/**
 * The values of a noisy picture, with 1 channel (the luma of a colour picture) or 3 (grey repeated): bytes as they are, those of
 * 16 bits, or of another range, in float32, neither rounded nor clamped.
 * @throws DataError if it is not a picture: see `checkPicture`
 */
export function noisyLevels(
  picture: Picture,
  channels: 1 | 3,
  range?: Range,
): Required<Picture<Uint8Array | Float32Array>> {
  const { width, height, data } = picture;
  if (!range && !(data instanceof Uint16Array)) return withChannels(opaqueBytes(picture), channels);
  const { channels: from, colors, black, step } = checkPicture(picture, range);
  const levels = new Float32Array(width * height * channels);
  for (let i = 0; i < levels.length; i++) {
    const start = Math.floor(i / channels) * from;
    const color = (c: number) => data[start + (colors === 3 ? c : 0)]!;
    const value = channels === 3 ? color(i % 3) : weighted(color(0), color(1), color(2));
    levels[i] = (value - black) / step;
  }
  return { data: levels, width, height, channels };
}

/** The picture with 1 channel (the luma of a colour picture) or 3 (grey repeated). It is not copied if it has them. */
export function withChannels(
  photo: Required<Picture<Uint8Array>>,
  channels: 1 | 3,
): Required<Picture<Uint8Array>> {
  if (photo.channels === channels) return photo;
  const { data, width, height } = photo;
  const converted = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (channels === 3) converted.fill(data[pixel]!, 3 * pixel, 3 * pixel + 3);
    else converted[pixel] = luma(data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!);
  }
  return { data: converted, width, height, channels };
}

/**
 * Makes a data set of photographs, which may have any sizes and be grey or RGB. A network is trained on patches that are
 * cut out of the training pictures at random: see `patchesPerEpoch` in `Recipe`. The test set is made of patches that lie
 * side by side in the test pictures: see `testPatches`. Pictures are kept as bytes without alpha. Those with other
 * channels than the patch are converted: colour to its luma (0.299·R + 0.587·G + 0.114·B, rounded), grey by repetition.
 *
 * The result's `sha256` is the SHA-256 of two lines, as in `Dataset`. But here each line is the digest of a list with a
 * line for each picture of the set: width, "x", height, "x", channels, a space, and the hex SHA-256 of its bytes.
 * @param patch the size of the patches: the `spec.input` of the recipe that is to be trained
 * @throws DataError if a set is empty, a picture is not valid or smaller than the patch, or the patch has not 1 or 3
 * channels
 * @throws SpecError if the size of the patch is none
 */
export async function loadPhotos(
  sets: { readonly train: readonly (Picture & Named)[]; readonly test: readonly (Picture & Named)[] },
  patch: PatchSize,
  { name = "photographs", source = "given pictures" }: { name?: string; source?: string } = {},
): Promise<Dataset<Photos>> {
  requireOption("sets", sets, sets, "an object with train and test");
  requireOption("patch", patch, patch, "the size of patches");
  for (const [side, length] of Object.entries({ width: patch.width, height: patch.height }))
    requireOption(`patch.${side}`, length, Number.isInteger(length) && length > 0, "a whole number above 0");
  const train = photographs(sets.train, patch, "training set");
  const test = photographs(sets.test, patch, "test set");
  const sums = `${await digestOf(train)}\n${await digestOf(test)}\n`;
  return {
    name,
    source,
    train,
    test: testPatches(test, patch),
    sha256: await sha256(new TextEncoder().encode(sums)),
    classNames: [],
  };
}

function photographs(pictures: readonly (Picture & Named)[], patch: PatchSize, set: string): Photos {
  if (!Array.isArray(pictures) || pictures.length === 0)
    throw new DataError(`the ${set} has no pictures; give it some`);
  const channels = requirePhotoChannels(patch);
  const photos = pictures.map((picture, index) => {
    const name = picture?.name ?? `picture ${index} of the ${set}`;
    const photo = namingIt(name, () => opaqueBytes(picture));
    requireRoom({ ...photo, name }, patch);
    return withChannels(photo, channels);
  });
  return { photos, count: photos.length, channels };
}

/** Calls `read`, and puts `name` before the message of a DataError. @returns what `read` returns */
export function namingIt<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(`${name}: ${cause.message}`, { cause });
  }
}

/** @throws DataError if photographs cannot have this number of channels */
export function requirePhotoChannels({ channels }: Pick<PatchSize, "channels">): 1 | 3 {
  if (channels === 1 || channels === 3) return channels;
  throw new DataError(
    `photographs have 1 channel (grey) or 3 (RGB), not ${shown(channels)}; set the spec's input to one of these`,
  );
}

/** @throws DataError if a picture is smaller than the patch */
export function requireRoom(
  { width, height, name }: { width: number; height: number; name: string },
  patch: Pick<PatchSize, "width" | "height">,
): void {
  if (width >= patch.width && height >= patch.height) return;
  throw new DataError(
    `${name} has ${width} × ${height} pixels, less than a patch of ${patch.width} × ${patch.height}; ` +
      "take it out, or set the spec's input to a smaller size",
  );
}

async function digestOf({ photos, channels }: Photos): Promise<string> {
  let lines = "";
  for (const { data, width, height } of photos) {
    lines += `${width}x${height}x${channels} ${await sha256(data)}\n`;
  }
  return sha256(new TextEncoder().encode(lines));
}

/**
 * Cuts pictures into patches of one size that lie side by side, as many as fit; the pixels that are left over are divided
 * between opposite sides. Each picture may give an equal share of `values` values, but at least one patch. From a picture
 * with more patches than that, evenly spread ones are taken. The labels are all 0.
 * @param values about how many values all patches together may have; default 2²²
 */
export function testPatches(
  pictures: Images | Photos,
  patch: PatchSize,
  values = TEST_VALUES,
): LabelledImages {
  const { photos, channels } = photosOf(pictures);
  const { height, width } = patch;
  const size = height * width * channels;
  const most = Math.max(1, Math.floor(values / (size * photos.length)));
  const patches = photos.flatMap((photo) => {
    const [down, across] = [Math.floor(photo.height / height), Math.floor(photo.width / width)];
    const top = (photo.height - down * height) >> 1;
    const left = (photo.width - across * width) >> 1;
    const all = down * across;
    const chosen = Math.min(most, all);
    return Array.from({ length: chosen }, (_, index) => {
      // All patches of the picture are divided into `chosen` runs; the middle of each is taken.
      const at = Math.floor(((index + 0.5) * all) / chosen);
      return { photo, top: top + Math.floor(at / across) * height, left: left + (at % across) * width };
    });
  });
  const data = new Uint8Array(patches.length * size);
  for (const [index, { photo, top, left }] of patches.entries()) {
    for (let row = 0; row < height; row++) {
      const from = ((top + row) * photo.width + left) * channels;
      data.set(photo.data.subarray(from, from + width * channels), index * size + row * width * channels);
    }
  }
  const count = patches.length;
  return { data, count, height, width, channels, labels: new Uint8Array(count) };
}
