/** Orientations as Exif numbers them (CIPA DC-008, tag 0x0112): 1 upright, 2 to 8 turned and mirrored. */
import type { DecodedValues } from "./decoding.ts";
import { bytesOfLatin1, latin1Of } from "./latin1.ts";
import type { PictureDensity } from "./metadata.ts";
import type { Picture } from "./picture.ts";

/** Turns and mirrors a picture that is stored in an orientation, so that its first row is the top of the scene. */
export function upright<Values extends DecodedValues>(
  picture: Required<Picture<Values>>,
  orientation: number,
): Required<Picture<Values>> {
  if (orientation === 1) return picture;
  const { data: source, width, height, channels } = picture;
  const isTurned = orientation > 4;
  const [across, down] = isTurned ? [height, width] : [width, height];
  // How far a step to the right and a step down in the stored picture go in the upright one, in pixels.
  const right = ([2, 3, 7, 8].includes(orientation) ? -1 : 1) * (isTurned ? across : 1);
  const below = ([3, 4, 6, 7].includes(orientation) ? -1 : 1) * (isTurned ? 1 : across);
  const start = (right < 0 ? (1 - width) * right : 0) + (below < 0 ? (1 - height) * below : 0);
  const data = source.slice() as Values;
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = (start + y * below) * channels; x < width; x++, to += right * channels) {
      for (let c = 0; c < channels; c++) data[to + c] = source[from++]!;
    }
  }
  return { data, width: across, height: down, channels };
}

const ORIENTATION = 0x0112;
const EXIF_DIRECTORY = 0x8769;
/** Tags whose next one tells of the height what they tell of the width: size, density, size again, density on the sensor. */
const OF_WIDTH = [0x0100, 0x011a, 0xa002, 0xa20e];
/** The same in XMP. */
const XMP_OF_SIZE =
  /(?<=\bexif:Pixel)[XY](?=Dimension\b)|(?<=\btiff:)[XY](?=Resolution\b)|(?<=\btiff:Image)(Width|Length)\b/g;
const ACROSS: Record<string, string> = { X: "Y", Y: "X", Width: "Length", Length: "Width" };
const SHORT = 3;
const LONG = 4;
const ENTRY = 12;

/** Exif data as a view, and the order of its bytes. */
function tiffOf(exif: Uint8Array) {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const order = exif.length < 8 ? 0 : view.getUint16(0);
  return order === 0x4949 || order === 0x4d4d ? { view, little: order === 0x4949 } : undefined;
}

type Tiff = NonNullable<ReturnType<typeof tiffOf>>;

/** The places of the entries in the directory that the 32 bits at a place point to. */
function entries({ view, little }: Tiff, pointer: number): number[] {
  const directory = view.getUint32(pointer, little);
  if (directory + 2 > view.byteLength) return [];
  const count = Math.min(view.getUint16(directory, little), (view.byteLength - directory - 2) / ENTRY);
  return Array.from({ length: count }, (_, i) => directory + 2 + ENTRY * i);
}

/** Where the value of the orientation is: a number of 16 bits. */
function orientationPlace(tiff: Tiff): number | undefined {
  const { view, little } = tiff;
  for (const at of entries(tiff, 4)) {
    const type = view.getUint16(at + 2, little);
    // Some write 32 bits, of which the upper half is 0.
    if (view.getUint16(at, little) === ORIENTATION && (type === SHORT || type === LONG))
      return at + (type === LONG && !little ? 10 : 8);
  }
  return undefined;
}

/** The orientation in Exif data, 1 to 8, if it holds one. */
export function orientationOf(exif: Uint8Array): number | undefined {
  const tiff = tiffOf(exif);
  const place = tiff && orientationPlace(tiff);
  const value = place === undefined ? 0 : tiff!.view.getUint16(place, tiff!.little);
  return value >= 1 && value <= 8 ? value : undefined;
}

/**
 * A copy of Exif data whose orientation is 1, if it holds one.
 * @param turnedBy the orientation by which the picture was turned: what the data says of width and height is exchanged if that
 * has exchanged them, and the thumbnail, which nobody has turned, is given up
 */
export function uprightExif(exif: Uint8Array, turnedBy = 1): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(exif);
  const tiff = tiffOf(copy);
  if (!tiff) return copy;
  const { view, little } = tiff;
  const place = orientationPlace(tiff);
  if (place !== undefined) view.setUint16(place, 1, little);
  if (turnedBy === 1) return copy;
  const main = entries(tiff, 4);
  const tag = (at = 0) => view.getUint16(at, little);
  const exifPointer = main.find((at) => tag(at) === EXIF_DIRECTORY);
  if (turnedBy > 4) {
    for (const directory of [main, exifPointer === undefined ? [] : entries(tiff, exifPointer + 8)]) {
      for (const [i, at] of directory.entries()) {
        const next = directory[i + 1];
        if (!next || !OF_WIDTH.includes(tag(at)) || tag(next) !== tag(at) + 1) continue;
        const ofWidth = copy.slice(at + 2, next);
        copy.copyWithin(at + 2, next + 2, next + ENTRY);
        copy.set(ofWidth, next + 2);
      }
    }
  }
  // The second directory is the thumbnail's.
  const link = (main.at(-1) ?? copy.length) + ENTRY;
  if (link + 4 <= copy.length) view.setUint32(link, 0);
  return copy;
}

/**
 * A copy of an XMP packet whose orientation (tiff:Orientation) is 1, if it holds one.
 * @param turnedBy see `uprightExif`
 */
export function uprightXmp(xmp: Uint8Array, turnedBy = 1): Uint8Array<ArrayBuffer> {
  // Every byte becomes a character and a byte again, so that the rest of the packet stays as it is.
  const text = latin1Of(xmp).replace(/(tiff:Orientation\s*(?:=\s*["']|>)\s*)[2-8]/g, "$11");
  return bytesOfLatin1(turnedBy > 4 ? text.replace(XMP_OF_SIZE, (name) => ACROSS[name]!) : text);
}

/** The density of a picture that was turned by an orientation. */
export function turnedDensity(
  density: PictureDensity | undefined,
  orientation = 1,
): PictureDensity | undefined {
  return density && orientation > 4 ? { ...density, x: density.y, y: density.x } : density;
}
