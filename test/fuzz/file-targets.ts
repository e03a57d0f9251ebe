/** Readers of files that hold pictures: PNG, JPEG, IDX, and gzip around it. */
import { readdirSync, readFileSync } from "node:fs";
import { deflateSync, gzipSync, inflateSync } from "node:zlib";
import { gunzipIfNeeded } from "../../src/data/gzip.ts";
import { parseIdx } from "../../src/data/idx.ts";
import { DataError } from "../../src/errors.ts";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { header, pngBytes, pngOf } from "../support/png-bytes.ts";
import type { Target } from "./fuzzing.ts";
import { type Chance, joined, mutateBytes, mutateList } from "./mutations.ts";

const ramp = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 3)) % 251);
const cases = "test/fixtures/pictures/cases/";
const fixtures = (end: string) =>
  readdirSync(cases)
    .filter((name) => name.endsWith(end))
    .map((name) => new Uint8Array(readFileSync(cases + name)))
    .filter((file) => file.length < 20_000);

type Chunk = readonly [type: string, data: Uint8Array];

/** Files of every colour type and depth, and with chunks of every kind. */
const pngs: Uint8Array[] = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ colorType: 0, depth, channels: 1 })),
  ...[8, 16].flatMap((depth) => [
    { colorType: 2, depth, channels: 3 },
    { colorType: 4, depth, channels: 2 },
    { colorType: 6, depth, channels: 4 },
  ]),
  ...[1, 2, 4, 8].map((depth) => ({ colorType: 3, depth, channels: 1 })),
].flatMap(({ channels, ...kind }) =>
  [false, true].map((interlaced) => {
    const [width, height] = [11, 9];
    const values = ramp(width * height * channels).map((value) => value % 2 ** Math.min(8, kind.depth));
    const extra: Chunk[] = kind.colorType === 3 ? [["PLTE", ramp(3 * 2 ** kind.depth)]] : [];
    return pngBytes({ ...kind, width, height, values, interlaced, extra });
  }),
);
const profile = joined(Buffer.from("name\0\0"), deflateSync(ramp(200)));
const spare: Chunk[] = [
  ["tRNS", ramp(6)],
  ["PLTE", ramp(12)],
  ["gAMA", ramp(4)],
  ["cHRM", ramp(32)],
  ["sRGB", Uint8Array.of(0)],
  ["iCCP", profile],
  ["pHYs", ramp(9)],
  ["tEXt", Buffer.from("Title\0text")],
  ["zTXt", joined(Buffer.from("Title\0\0"), deflateSync(ramp(50)))],
  ["iTXt", joined(Buffer.from("XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='6'/>"))],
  ["eXIf", Buffer.from("4d4d002a00000008000101120003000000010006000000000000", "hex")],
  ["cICP", Uint8Array.of(1, 13, 0, 1)],
  ["IDAT", new Uint8Array()],
  ["IEND", new Uint8Array()],
  ["abCd", ramp(5)],
  ["ABCD", ramp(5)],
];

function chunksOf(file: Uint8Array): Chunk[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = Math.min(view.getUint32(at), file.length - at - 12);
    chunks.push([
      Buffer.from(file.subarray(at + 4, at + 8)).toString("latin1"),
      file.subarray(at + 8, at + 8 + length),
    ]);
    at += 12 + length;
  }
  return chunks;
}

function mutateChunk([type, data]: Chunk, chance: Chance): Chunk {
  if (chance.oneIn(12)) return [chance.pick(spare)[0], data];
  if (type === "IHDR" && chance.oneIn(2))
    return [
      type,
      header(chance.pick([0, 1, 7, 8, 300, 65_536, 2 ** 31, 2 ** 32 - 1]), 1 + chance.below(3000), [
        ...data.subarray(8, 13),
      ]),
    ];
  if (!["IDAT", "zTXt", "iCCP"].includes(type) || chance.oneIn(3)) return [type, mutateBytes(data, chance)];
  // Within what was packed, so that the damage gets past the checks of the packing.
  const at = type === "IDAT" ? 0 : data.indexOf(0) + 2;
  try {
    return [
      type,
      joined(data.subarray(0, at), deflateSync(mutateBytes(inflateSync(data.subarray(at)), chance))),
    ];
  } catch {
    return [type, mutateBytes(data, chance)];
  }
}

function makePng(chance: Chance): Uint8Array {
  const seed = chance.pick(pngs);
  if (chance.oneIn(5)) return mutateBytes(seed, chance);
  let chunks = chunksOf(seed);
  for (let times = 1 + chance.below(3); times > 0; times--) {
    chunks = mutateList(chunks, chance, (chunk) => mutateChunk(chunk, chance));
    if (chance.oneIn(2))
      chunks.splice(chance.below(chunks.length + 1), 0, mutateChunk(chance.pick(spare), chance));
  }
  const file = pngOf(chunks);
  return chance.oneIn(10) ? mutateBytes(file, chance, 2) : file;
}

const smallJpegs = await Promise.all(
  ([1, 3] as const).map((channels) =>
    encodeJpeg({ data: ramp(20 * 17 * channels), width: 20, height: 17, channels }),
  ),
);
const jpegs = [...smallJpegs, ...fixtures(".jpg")];

/** The segments of a file, each with its marker; the data of a scan belongs to the segment before it. */
function segmentsOf(file: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 1 < file.length; at++) {
    const marker = file[at + 1]!;
    if (file[at] === 0xff && marker >= 0xc0 && marker !== 0xff) starts.push(at);
  }
  return starts.map((start, i) => file.subarray(start, starts[i + 1] ?? file.length));
}

function mutateSegment(segment: Uint8Array, chance: Chance): Uint8Array {
  const changed = mutateBytes(segment.subarray(2), chance);
  // The length stays that of the segment more often than not.
  if (changed.length >= 2 && segment[1] !== 0xda && chance.below(3) > 0)
    new DataView(changed.buffer).setUint16(0, changed.length);
  const marker = chance.oneIn(10) ? 0xc0 + chance.below(64) : segment[1]!;
  return joined(Uint8Array.of(0xff, marker), changed);
}

function makeJpeg(chance: Chance): Uint8Array {
  const seed = chance.pick(jpegs);
  if (chance.oneIn(5)) return mutateBytes(seed, chance);
  let segments = segmentsOf(seed);
  for (let times = 1 + chance.below(3); times > 0; times--)
    segments = mutateList(segments, chance, (segment) => mutateSegment(segment, chance));
  if (chance.oneIn(6)) segments.splice(1, 0, ...segmentsOf(chance.pick(jpegs)).slice(1, 1 + chance.below(5)));
  return joined(...segments);
}

const idx = [idxBytes([3, 5, 4], ramp(60)), idxBytes([7], ramp(7)), idxBytes([2, 3, 4, 3], ramp(72))];
const gzips = idx.flatMap((file) => [0, 9].map((level) => new Uint8Array(gzipSync(file, { level }))));

function makeGzip(chance: Chance): Uint8Array {
  const seed = chance.oneIn(2)
    ? chance.pick(gzips)
    : new Uint8Array(gzipSync(mutateBytes(chance.pick(idx), chance)));
  const kind = chance.below(6);
  if (kind === 0) return seed;
  if (kind === 1) return joined(seed, chance.oneIn(2) ? chance.pick(gzips) : ramp(chance.below(40)));
  if (kind > 3) return mutateBytes(seed, chance);
  // Header (flags, names, comments) or trailer (checksum, size) alone.
  const [from, to] = kind === 2 ? [2, 10] : [seed.length - 8, seed.length];
  return joined(seed.subarray(0, from), mutateBytes(seed.subarray(from, to), chance), seed.subarray(to));
}

export const fileTargets: Target[] = [
  {
    name: "PNG",
    make: makePng,
    async take(file: Uint8Array) {
      const picture = await decodePng(file, "file");
      // What was read can be written, and is the same when it is read again.
      const { data } = await decodePng(await encodePng(picture, { metadata: picture.metadata }), "copy");
      if (Buffer.compare(Buffer.from(data.buffer), Buffer.from(picture.data.buffer)) !== 0)
        throw new Error("the copy differs");
    },
    errors: [DataError],
  },
  {
    name: "JPEG",
    make: makeJpeg,
    take(file: Uint8Array) {
      const { metadata, ...picture } = decodeJpeg(file, "file");
      if (picture.data.length < 2 ** 16) decodeJpeg(encodeJpeg(picture, { metadata }), "copy");
    },
    errors: [DataError],
  },
  {
    name: "gzip",
    make: makeGzip,
    take: async (file: Uint8Array) => parseIdx(await gunzipIfNeeded(file, "file"), "file"),
    errors: [DataError],
  },
  {
    name: "IDX",
    make: (chance) => mutateBytes(chance.pick(idx), chance),
    take: (file: Uint8Array) => parseIdx(file, "file"),
    errors: [DataError],
  },
];
