/** What JPEG files hold beside the picture: JFIF's density, Exif, XMP, the ICC profile in parts, and comments. */

import { requireOption } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import { APP0, APP1, APP2, COM, type Segment } from "./jpeg-segments.ts";
import { bytesOfLatin1, latin1Of } from "./latin1.ts";
import { fittingProfile, type PictureDensity, type PictureMetadata, type PictureText } from "./metadata.ts";
import { orientationOf, uprightExif, uprightXmp } from "./orientation.ts";

const JFIF = "JFIF\0";
const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const ICC = "ICC_PROFILE\0";
/** The most bytes of data in a segment. */
const LARGEST = 65_533;
const CENTIMETRES = 2.54;

/** What follows the name that a segment of an application begins with; undefined where it begins otherwise. */
function after(name: string, data: Uint8Array): Uint8Array | undefined {
  for (let i = 0; i < name.length; i++) if (data[i] !== name.charCodeAt(i)) return undefined;
  return data.subarray(name.length);
}

/** Collects metadata from the segments of a file. Of several that say the same, the first counts, as with libjpeg's users. */
export class JpegMetadataReader {
  #exif: Uint8Array | undefined;
  #xmp: Uint8Array | undefined;
  #density: PictureDensity | undefined;
  readonly #text: PictureText[] = [];
  /** The parts of the profile by their number. */
  readonly #profile: Uint8Array[] = [];
  #profileParts = 0;
  /** Whether the file says that it is JFIF. */
  isJfif = false;

  add({ marker, data }: Segment): void {
    if (marker === APP0) this.#addJfif(after(JFIF, data));
    else if (marker === APP1) {
      this.#exif ??= after(EXIF, data);
      this.#xmp ??= after(XMP, data);
    } else if (marker === APP2) this.#addProfile(after(ICC, data));
    else if (marker === COM && this.#text.length < 1000)
      this.#text.push({ keyword: "Comment", text: textOf(data) });
  }

  #addJfif(data: Uint8Array | undefined): void {
    if (this.isJfif || !data || data.length < 9) return;
    this.isJfif = true;
    const [, , unit = 0, xHigh = 0, x = 0, yHigh = 0, y = 0] = data;
    const scale = unit === 2 ? CENTIMETRES : 1;
    const [across, down] = [(256 * xHigh + x) * scale, (256 * yHigh + y) * scale];
    // Equal numbers without a unit say nothing.
    if (across > 0 && down > 0 && unit <= 2 && (unit > 0 || across !== down))
      this.#density = { x: across, y: down, unit: unit > 0 ? "inch" : "none" };
  }

  #addProfile(data: Uint8Array | undefined): void {
    const [number = 0, count = 0] = data ?? [];
    if (number < 1 || number > count || (this.#profileParts > 0 && this.#profileParts !== count)) return;
    this.#profileParts = count;
    this.#profile[number - 1] ??= data!.slice(2);
  }

  /** All parts of the profile in their order, if all are there. */
  #wholeProfile(): Uint8Array | undefined {
    const parts = this.#profile;
    if (this.#profileParts === 0 || Array.from(parts).filter(Boolean).length < this.#profileParts)
      return undefined;
    return concatenate(parts);
  }

  result(): PictureMetadata {
    const icc = this.#wholeProfile();
    const orientation = this.#exif && orientationOf(this.#exif);
    return {
      ...(icc && { icc }),
      ...(this.#exif && { exif: uprightExif(this.#exif) }),
      ...(this.#xmp && { xmp: uprightXmp(this.#xmp) }),
      ...(this.#density && { density: this.#density }),
      ...(this.#text.length > 0 && { text: this.#text }),
      ...(orientation && { orientation }),
    };
  }
}

/** A comment is UTF-8 in most files; where it is not, it is taken for Latin-1. */
function textOf(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return latin1Of(data);
  }
}

/**
 * The segments that hold metadata, JFIF's first. What does not fit into a segment is left out, except for the profile.
 * @throws SpecError if something in the metadata is of the wrong type
 */
export function metadataSegments(metadata: PictureMetadata, colors: 1 | 3): Written[] {
  let segments: Written[] | undefined;
  try {
    segments = segmentsFor(metadata, colors);
  } catch {}
  requireOption("metadata", metadata, segments, "such as readers give");
  return segments!;
}

type Written = readonly [marker: number, data: Uint8Array];

function segmentsFor(metadata: PictureMetadata, colors: 1 | 3): Written[] {
  const { exif, xmp, density, text = [] } = metadata;
  const icc = fittingProfile(metadata.icc, colors);
  const segments: Written[] = [[APP0, jfif(density)]];
  const add = (marker: number, name: string, ...parts: Uint8Array[]) => {
    const data = concatenate([bytesOfLatin1(name), ...parts]);
    if (data.length <= LARGEST) segments.push([marker, data]);
  };
  if (exif) add(APP1, EXIF, uprightExif(exif));
  if (xmp) add(APP1, XMP, uprightXmp(xmp));
  if (icc) {
    const room = LARGEST - ICC.length - 2;
    const count = Math.ceil(icc.length / room);
    // The number of a part has 8 bits.
    for (let i = 0; i < count && count < 256; i++)
      add(APP2, ICC, Uint8Array.of(i + 1, count), icc.subarray(i * room, (i + 1) * room));
  }
  for (const { keyword, text: words } of text)
    if (keyword === "Comment") add(COM, "", new TextEncoder().encode(words));
  return segments;
}

function jfif(density: PictureDensity | undefined): Uint8Array {
  let unit = 0;
  let [x, y] = [1, 1];
  if (density) {
    ({ x, y } = density);
    unit = density.unit === "inch" ? 1 : 0;
    const isMetric = [x, y].every(
      (value) => Math.abs(value / CENTIMETRES - Math.round(value / CENTIMETRES)) < 1e-6,
    );
    if (unit === 1 && isMetric) {
      unit = 2;
      x /= CENTIMETRES;
      y /= CENTIMETRES;
    }
  }
  const whole = (value: number) => Math.min(65_535, Math.max(1, Math.round(value)));
  const [across, down] = [whole(x), whole(y)];
  return Uint8Array.of(
    ...bytesOfLatin1(JFIF),
    1,
    1,
    unit,
    across >> 8,
    across & 255,
    down >> 8,
    down & 255,
    0,
    0,
  );
}
