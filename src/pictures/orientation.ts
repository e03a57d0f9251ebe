/** Orientations as Exif numbers them (CIPA DC-008, tag 0x0112): 1 upright, 2 to 8 turned and mirrored. */
import type { DecodedValues } from "./decoding.ts";
import { bytesOfLatin1, latin1Of } from "./latin1.ts";
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

const SHORT = 3;
const LONG = 4;

/** Where the value of the orientation is in Exif data: a number of 16 bits in the file's order. */
function orientationPlace(exif: Uint8Array): { view: DataView; at: number; little: boolean } | undefined {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const order = exif.length < 8 ? 0 : view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return undefined;
  const count = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= exif.length; i++, at += 12) {
    const type = view.getUint16(at + 2, little);
    if (view.getUint16(at, little) !== 0x0112 || (type !== SHORT && type !== LONG)) continue;
    // Some write 32 bits, of which the upper half is 0.
    return { view, at: at + (type === LONG && !little ? 10 : 8), little };
  }
  return undefined;
}

/** The orientation in Exif data, 1 to 8, if it holds one. */
export function orientationOf(exif: Uint8Array): number | undefined {
  const place = orientationPlace(exif);
  const value = place?.view.getUint16(place.at, place.little) ?? 0;
  return value >= 1 && value <= 8 ? value : undefined;
}

/** A copy of Exif data whose orientation is 1, if it holds one. */
export function uprightExif(exif: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(exif);
  const place = orientationPlace(copy);
  place?.view.setUint16(place.at, 1, place.little);
  return copy;
}

/** A copy of an XMP packet whose orientation (tiff:Orientation) is 1, if it holds one. */
export function uprightXmp(xmp: Uint8Array): Uint8Array<ArrayBuffer> {
  // Every byte becomes a character and a byte again, so that the rest of the packet stays as it is.
  const text = latin1Of(xmp).replace(/(tiff:Orientation\s*(?:=\s*["']|>)\s*)[2-8]/g, "$11");
  return bytesOfLatin1(text);
}
