/** Photographs: pictures of different sizes, to be trained on in patches. */
import { DataError } from "../errors.ts";
import { checkPicture, type Picture } from "../pictures/picture.ts";
import { type Dataset, type Images, type LabelledImages, type Photos, photosOf } from "./images.ts";
import { sha256 } from "./sha256.ts";

/** What has a name that errors call it by, such as that of its file. */
export interface Named {
  readonly name?: string;
}

/** Height and width in pixels, and values of each pixel. */
export interface PatchSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Test patches hold at most this many values, so that a report takes seconds. */
const TEST_VALUES = 2 ** 22;

/** Luma of a pixel, 0 to 255: 0.299·R + 0.587·G + 0.114·B, rounded (ITU-R BT.601, as in JPEG). */
export function luma(red: number, green: number, blue: number): number {
  return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
}

/**
 * The picture as bytes, grey or RGB: alpha is dropped, float32 values are rounded and cut off at 0 and 255.
 * @throws DataError where it is no picture: see `checkPicture`
 */
export function opaqueBytes(picture: Picture): Required<Picture<Uint8Array>> {
  const { channels, colors } = checkPicture(picture);
  const { data, width, height } = picture;
  const kept = colors === channels ? data : data.filter((_, index) => index % channels < colors);
  return {
    data: kept instanceof Uint8Array ? kept : Uint8Array.from(Uint8ClampedArray.from(kept)),
    width,
    height,
    channels: colors,
  };
}

/** The picture with 1 channel, its luma, or with 3, grey repeated; as it is where it has that many. */
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
 * A data set of photographs of any sizes, grey or RGB. Trained on are patches of the size `patch`, a recipe's
 * `spec.input`, cut out at random (`patchesPerEpoch`); the test set is patches that lie side by side in the test
 * pictures. Pictures are kept as bytes without alpha. Those that do not have the patch's channels are converted: colour to
 * its luma (0.299·R + 0.587·G + 0.114·B, rounded), grey repeated.
 *
 * `sha256` of the result is that over two lines as in `Dataset`, but a set's digest is the SHA-256 over a line for each
 * picture: width, "x", height, "x", channels, a space, and the hex SHA-256 of its decoded and converted bytes.
 * @throws DataError where a set is empty, or a picture is none or smaller than the patch
 */
export async function loadPhotos(
  sets: { readonly train: readonly (Picture & Named)[]; readonly test: readonly (Picture & Named)[] },
  patch: PatchSize,
  { name = "photographs", source = "given pictures" }: { name?: string; source?: string } = {},
): Promise<Dataset<Photos>> {
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
  if (pictures.length === 0) throw new DataError(`the ${set} has no pictures; give it some`);
  const channels = requirePhotoChannels(patch);
  const photos = pictures.map((picture, index) => {
    const name = picture?.name ?? `picture ${index} of the ${set}`;
    const photo = namingIt(name, () => opaqueBytes(picture));
    requireRoom({ ...photo, name }, patch);
    return withChannels(photo, channels);
  });
  return { photos, count: photos.length, channels };
}

/** What `read` gives. @throws DataError with the name of what it reads */
function namingIt<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(`${name}: ${cause.message}`, { cause });
  }
}

/** @throws DataError where photographs cannot have these channels */
export function requirePhotoChannels({ channels }: Pick<PatchSize, "channels">): 1 | 3 {
  if (channels === 1 || channels === 3) return channels;
  throw new DataError(
    `photographs have 1 channel (grey) or 3 (RGB), not ${channels}; set the spec's input to one of these`,
  );
}

/** @throws DataError where a picture is smaller than the patch */
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
 * Patches of one size that lie side by side in the pictures, as many as fit, the rest left over all around; where all
 * together would have more than `values` values, as many evenly chosen ones of each picture as fit, at least one.
 * Labels are all 0.
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
      // The middle of the part of the list that this one stands for.
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
