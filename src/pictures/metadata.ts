/**
 * What a picture file holds beside its pixels, in one form for all formats. Readers take it out of a file, and writers put
 * it into the next, each as much of it as its format can hold.
 */
export interface PictureMetadata {
  /** The ICC profile of the picture's colours (ISO 15076-1), unpacked. */
  readonly icc?: Uint8Array | undefined;
  /**
   * Exif data (CIPA DC-008): a TIFF structure, which begins with "II" or "MM". Readers turn the pixels upright and set the
   * orientation in it to 1, and writers set it to 1 again, since the rows of a `Picture` run from the top.
   */
  readonly exif?: Uint8Array | undefined;
  /** The XMP packet (ISO 16684-1): XML in UTF-8. An orientation in it is set to 1, as that of `exif`. */
  readonly xmp?: Uint8Array | undefined;
  /** How large the picture is shown or printed. */
  readonly density?: PictureDensity | undefined;
  /** Remarks in words, in the order of the file. A JPEG file holds those whose keyword is "Comment". */
  readonly text?: readonly PictureText[] | undefined;
  /** What PNG has to say of colours without a profile. Only PNG files hold it. */
  readonly color?: PngColor | undefined;
  /**
   * The orientation that the file gave, as Exif numbers it: 1 upright, 3 turned by half, 6 to be turned right, 8 left;
   * 2, 4, 5, 7 the same mirrored. The pixels have been turned by it, so that writers leave it alone.
   */
  readonly orientation?: number | undefined;
}

/** Pixels per inch, or only the shape of a pixel. */
export interface PictureDensity {
  /** Pixels per inch across, above 0; where `unit` is "none", only its ratio to `y` counts. */
  readonly x: number;
  /** The same down. */
  readonly y: number;
  readonly unit: "inch" | "none";
}

/** A remark in a picture file. */
export interface PictureText {
  /** What it is, such as "Title", "Author" or "Comment": 1 to 79 characters of Latin-1. */
  readonly keyword: string;
  readonly text: string;
  /** The language of the text (RFC 3066, such as "de"), where it is given. */
  readonly language?: string | undefined;
  /** The keyword in that language, where it is given. */
  readonly translated?: string | undefined;
}

/** The chunks cICP, sRGB, gAMA and cHRM of a PNG file (ISO/IEC 15948, 11.3.2). */
export interface PngColor {
  /** Numbers of colour primaries, transfer function and matrix (ITU-T H.273), and whether values are full range. */
  readonly cicp?:
    | readonly [primaries: number, transfer: number, matrix: number, fullRange: number]
    | undefined;
  /** The colours are those of sRGB; the number is the rendering intent, 0 to 3. */
  readonly srgb?: number | undefined;
  /** The exponent from light to value, times 100,000: 45,455 for 1 / 2.2. */
  readonly gamma?: number | undefined;
  /** x and y of white, red, green and blue (CIE 1931), each times 100,000. */
  readonly chromaticities?: readonly number[] | undefined;
}

/** The profile, if it is one for so many colours: a profile of grey does not fit RGB, nor the other way round. */
export function fittingProfile(icc: Uint8Array | undefined, colors: 1 | 3): Uint8Array | undefined {
  const space = icc && String.fromCharCode(...icc.subarray(16, 20));
  return space === (colors === 1 ? "GRAY" : "RGB ") ? icc : undefined;
}
