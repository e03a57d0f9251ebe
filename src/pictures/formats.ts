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
  webp: "webp",
  avif: "avif",
  tif: "tiff",
  tiff: "tiff",
  gif: "gif",
  heic: "heif",
  heif: "heif",
};

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
