/** What PNG files hold beside the picture (ISO/IEC 15948, 11.3): in chunks before the data, and text also after it. */
import { concatenate } from "./concatenate.ts";
import { inflateSmall } from "./inflate.ts";
import { bytesOfLatin1, latin1Of } from "./latin1.ts";
import { fittingProfile, type PictureMetadata, type PictureText, type PngColor } from "./metadata.ts";
import { orientationOf, uprightExif, uprightXmp } from "./orientation.ts";
import type { Chunk } from "./png-chunks.ts";
import { zlib } from "./zlib.ts";

/** The chunks that hold metadata. */
export const METADATA_CHUNKS = "cICP iCCP sRGB gAMA cHRM pHYs eXIf tEXt zTXt iTXt".split(" ");
/** The most chunks of one of these types that are read: as many as libpng reads. */
export const MOST_CHUNKS = 1000;
/** The most bytes that a file's packed texts and profile may have together when they are unpacked. */
const MOST_UNPACKED = 2 ** 24;
const XMP_KEYWORD = "XML:com.adobe.xmp";
const METRES_TO_INCHES = 0.0254;
/** Texts that are longer are packed. */
const LONG_TEXT = 1024;

/** A chunk's fields that end with a zero byte, `count` of them, and the rest. */
function fields(data: Uint8Array, count: number): { texts: Uint8Array[]; rest: Uint8Array } | undefined {
  const texts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = data.indexOf(0, at);
    if (end < 0) return undefined;
    texts.push(data.subarray(at, end));
    at = end + 1;
  }
  return { texts, rest: data.subarray(at) };
}

/**
 * Reads metadata from the chunks before a file's data and from those behind it. What is broken is left out, since the
 * picture does not need it; of several that say the same, the first counts. An orientation behind the data is not followed,
 * as libpng's users and browsers do not know of it when they show the picture.
 */
export function metadataOf(before: readonly Chunk[], behind: readonly Chunk[]): PictureMetadata {
  const chunks = [...before, ...behind];
  let left = MOST_UNPACKED;
  const unpack = (packed: Uint8Array) => {
    const data = inflateSmall(packed, left);
    // What could not be unpacked may have taken as long as all that is left.
    left = data ? left - data.length : 0;
    return data;
  };
  const first = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const profile = fields(first("iCCP") ?? new Uint8Array(), 1)?.rest;
  const icc = profile?.[0] === 0 ? unpack(profile.subarray(1)) : undefined;
  const exif = tiffOf(first("eXIf"));
  const isFollowed = before.some(({ type }) => type === "eXIf");
  const orientation = exif && isFollowed ? orientationOf(exif) : undefined;
  const all = chunks.flatMap((chunk) => textOf(chunk, unpack) ?? []);
  const xmp = all.find(({ keyword }) => keyword === XMP_KEYWORD)?.text;
  const text = all.filter(({ keyword }) => keyword !== XMP_KEYWORD);
  const density = densityOf(first("pHYs"));
  const color = colorOf(first);
  return {
    ...(icc && icc.length > 0 && { icc }),
    ...(exif && { exif: uprightExif(exif) }),
    ...(xmp && { xmp: uprightXmp(new TextEncoder().encode(xmp)) }),
    ...(density && { density }),
    ...(text.length > 0 && { text }),
    ...(color && { color }),
    ...(orientation && { orientation }),
  };
}

/** Some put the name of JPEG's segment before the data. */
function tiffOf(data: Uint8Array | undefined): Uint8Array | undefined {
  return data && latin1Of(data.subarray(0, 6)) === "Exif\0\0" ? data.subarray(6) : data;
}

function densityOf(data: Uint8Array | undefined): PictureMetadata["density"] {
  if (data?.length !== 9) return undefined;
  const view = new DataView(data.buffer, data.byteOffset);
  const scale = data[8] === 1 ? METRES_TO_INCHES : 1;
  const [x, y] = [view.getUint32(0) * scale, view.getUint32(4) * scale];
  return x > 0 && y > 0 && data[8]! <= 1 ? { x, y, unit: data[8] === 1 ? "inch" : "none" } : undefined;
}

function colorOf(first: (type: string) => Uint8Array | undefined): PngColor | undefined {
  const [cicp, srgb, gamma, chromaticities] = ["cICP", "sRGB", "gAMA", "cHRM"].map(first);
  const numbers = (data: Uint8Array) => {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    return Array.from({ length: data.length / 4 }, (_, i) => view.getUint32(4 * i));
  };
  const color: PngColor = {
    ...(cicp?.length === 4 && { cicp: [cicp[0]!, cicp[1]!, cicp[2]!, cicp[3]!] }),
    ...(srgb?.length === 1 && { srgb: srgb[0]! }),
    ...(gamma?.length === 4 && numbers(gamma)[0]! > 0 && { gamma: numbers(gamma)[0]! }),
    ...(chromaticities?.length === 32 && { chromaticities: numbers(chromaticities) }),
  };
  return Object.keys(color).length > 0 ? color : undefined;
}

type Unpack = (packed: Uint8Array) => Uint8Array | undefined;

function textOf({ type, data }: Chunk, unpack: Unpack): PictureText | undefined {
  if (!["tEXt", "zTXt", "iTXt"].includes(type)) return undefined;
  const parts = fields(data, 1);
  const keyword = latin1Of(parts?.texts[0] ?? new Uint8Array());
  if (!parts || keyword.length < 1 || keyword.length > 79) return undefined;
  const { rest } = parts;
  if (type === "tEXt") return { keyword, text: latin1Of(rest) };
  const [flag = 2, method = 1] = rest;
  if (type === "zTXt") {
    const text = flag === 0 ? unpack(rest.subarray(1)) : undefined;
    return text && { keyword, text: latin1Of(text) };
  }
  const international = fields(rest.subarray(2), 2);
  if (!international || flag > 1 || (flag === 1 && method !== 0)) return undefined;
  const [language, translated] = international.texts.map(utf8Of);
  const text = flag === 1 ? unpack(international.rest) : international.rest;
  return (
    text && {
      keyword,
      text: utf8Of(text),
      ...(language && { language }),
      ...(translated && { translated }),
    }
  );
}

const utf8Of = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** The chunks that hold metadata, in the order in which they have to stand before the data. */
export async function metadataChunks(
  { icc, exif, xmp, density, text = [], color = {} }: PictureMetadata,
  colors: 1 | 3,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  const add = (type: string, ...parts: (Uint8Array | readonly number[])[]) => {
    chunks.push({ type, data: concatenate(parts) });
  };
  const { cicp, srgb, gamma, chromaticities } = color;
  const profile = fittingProfile(icc, colors);
  if (cicp) add("cICP", cicp);
  if (profile) add("iCCP", bytesOfLatin1("ICC profile\0\0"), await zlib([Uint8Array.from(profile)]));
  else if (srgb !== undefined) add("sRGB", [srgb]);
  if (gamma) add("gAMA", words(gamma));
  if (chromaticities?.length === 8) add("cHRM", words(...chromaticities));
  if (density) {
    const scale = density.unit === "inch" ? METRES_TO_INCHES : 1;
    const [x, y] = [density.x / scale, density.y / scale].map((value) => Math.max(1, Math.round(value)));
    add("pHYs", words(x!, y!), [density.unit === "inch" ? 1 : 0]);
  }
  if (exif) add("eXIf", uprightExif(exif));
  if (xmp) add("iTXt", bytesOfLatin1(`${XMP_KEYWORD}\0\0\0\0\0`), uprightXmp(xmp));
  for (const entry of text) add(...(await textChunk(entry)));
  return chunks;
}

/** Numbers of 32 bits as PNG stores them. */
export function words(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 24, value >> 16, value >> 8, value]));
}

/** The type of a text's chunk, and the parts of its data. */
async function textChunk({
  keyword,
  text,
  language = "",
  translated = "",
}: PictureText): Promise<[type: string, ...parts: Uint8Array[]]> {
  const key = bytesOfLatin1(`${keyword}\0`);
  const isLong = text.length > LONG_TEXT;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: zeros end fields, so that a text of one byte each has none
  const isLatin1 = !language && !translated && /^[\u0001-\u00ff]*$/.test(text);
  const bytes = isLatin1 ? bytesOfLatin1(text) : new TextEncoder().encode(text);
  const stored = isLong ? await zlib([bytes]) : bytes;
  if (isLatin1) return isLong ? ["zTXt", key, Uint8Array.of(0), stored] : ["tEXt", key, stored];
  const international = new TextEncoder().encode(`${language}\0${translated}\0`);
  return ["iTXt", key, Uint8Array.of(isLong ? 1 : 0, 0), international, stored];
}
