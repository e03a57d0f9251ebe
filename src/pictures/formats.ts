/** The formats of picture files: how they are told apart, and what their names end in. */

/** Formats of picture files. This package reads and writes PNG and JPEG itself, and the others, in Node, by sharp. */
export type PictureFormat = "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif" | "heif";

/** What the formats are called in words. */
export const formatNames: Record<PictureFormat, string> = {
  png: "PNG",
  jpeg: "JPEG",
  webp: "WebP",
  avif: "AVIF",
  tiff: "TIFF",
  gif: "GIF",
  heif: "HEIF",
};

const endings: Record<string, PictureFormat> = {
  png: "png",
  jpg: "jpeg",
  jpeg: "jpeg",
  jpe: "jpeg",
  jfif: "jpeg",
  webp: "webp",
  avif: "avif",
  tif: "tiff",
  tiff: "tiff",
  gif: "gif",
  heic: "heif",
  heif: "heif",
};

/** What raw files of cameras end in. Most of them begin as TIFF files do, whose picture is a small preview. */
const raw = /\.(3fr|arw|cr[23w]|dng|erf|iiq|nef|nrw|orf|pef|raf|rw2|srw|x3f)$/i;
/** What other pictures end in that are not read. */
const unread = /\.(bmp|dds|exr|hdr|ico|j2[ck]|jp2|jpf|jpx|jxl|p[bgnp]m|pfm|psb|psd|qoi|svgz?|tga|xcf)$/i;

/** Whether a file is a camera's raw file by its name. */
export const isRawName = (name: string): boolean => raw.test(name);

/** Whether a file is a picture by its name, of a format that is read or of another one. */
export const isAnyPictureName = (name: string): boolean =>
  formatOfName(name) !== undefined || unread.test(name) || raw.test(name);

/** The format that a file name's ending stands for; undefined if it is that of no picture. */
export function formatOfName(name: string): PictureFormat | undefined {
  const ending = name.match(/\.(\w+)$/)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(endings, ending) ? endings[ending] : undefined;
}

/** The format of a file by its first bytes; undefined if it is none of these. */
export function formatOf(bytes: Uint8Array): PictureFormat | undefined {
  const first = String.fromCharCode(...bytes.subarray(0, 32));
  if (first.startsWith("\x89PNG")) return "png";
  if (first.startsWith("\xff\xd8\xff")) return "jpeg";
  if (/^GIF8[79]a/.test(first)) return "gif";
  if (first.startsWith("RIFF") && first.slice(8, 12) === "WEBP") return "webp";
  if (/^(II[*+]\0|MM\0[*+])/.test(first)) return "tiff";
  if (first.slice(4, 8) !== "ftyp") return undefined;
  // The major brand may be a general one; the others follow, after a version.
  const brands = first.slice(8);
  if (/avi[fs]/.test(brands)) return "avif";
  return /hei[cxms]|hev[cx]|mif1|msf1/.test(brands) ? "heif" : undefined;
}

/** Whether a file is a WebP file whose first picture lost nothing (RFC 9649: chunks VP8L, alone or in a frame). */
export function isLosslessWebp(bytes: Uint8Array): boolean {
  if (formatOf(bytes) !== "webp") return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (/^VP8[L ]$/.test(type)) return type === "VP8L";
    const length = view.getUint32(at + 4, true);
    // A frame has chunks of its own, behind its place, size and duration.
    at += type === "ANMF" ? 8 + 16 : 8 + length + (length % 2);
  }
  return false;
}
