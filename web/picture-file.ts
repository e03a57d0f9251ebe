/** Writes a denoised picture as a file of the kind that it came from, with what that file says beside the picture. */

import { isJpeg } from "../src/pictures/jpeg.ts";
import { encodeJpeg } from "../src/pictures/jpeg-encode.ts";
import { JpegMetadataReader } from "../src/pictures/jpeg-metadata.ts";
import { SOS, segmentsOf } from "../src/pictures/jpeg-segments.ts";
import type { PictureMetadata } from "../src/pictures/metadata.ts";
import type { Picture } from "../src/pictures/picture.ts";
import { decodePng, isPng } from "../src/pictures/png.ts";
import { encodePng } from "../src/pictures/png-encode.ts";
import { isGrey } from "./grey.ts";

/**
 * A JPEG file if the picture came from one, else a PNG file. The browser has converted the colours to sRGB, so that a
 * profile of the first file would be wrong in the new one.
 */
export async function fileOf(image: ImageData, source: Blob | undefined): Promise<Blob> {
  const bytes = source && new Uint8Array(await source.arrayBuffer());
  const metadata = bytes ? await metadataOf(bytes) : {};
  if (bytes && isJpeg(bytes))
    return new Blob([encodeJpeg(withoutAlpha(image), { metadata })], { type: "image/jpeg" });
  return new Blob([await encodePng(image, { metadata })], { type: "image/png" });
}

async function metadataOf(bytes: Uint8Array): Promise<PictureMetadata> {
  try {
    const {
      icc: _,
      color: __,
      ...kept
    } = isJpeg(bytes)
      ? jpegMetadata(bytes)
      : isPng(bytes)
        ? ((await decodePng(bytes, "The file")).metadata ?? {})
        : {};
    return kept;
  } catch {
    // The browser has read the picture; what else is in a broken file is left out.
    return {};
  }
}

function jpegMetadata(bytes: Uint8Array): PictureMetadata {
  const reader = new JpegMetadataReader();
  for (const segment of segmentsOf(bytes, (what) => new Error(what) as never)) {
    if (segment.marker === SOS) break;
    reader.add(segment);
  }
  return reader.result();
}

function withoutAlpha({ data, width, height }: ImageData): Picture<Uint8ClampedArray> {
  const channels = isGrey(data) ? 1 : 3;
  return { data: data.filter((_, index) => index % 4 < channels), width, height, channels };
}
