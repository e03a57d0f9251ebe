// node scripts/make-inks.js: writes src/pictures/ink-colors.ts, the colours of mixtures of printing inks. It needs sharp,
// whose libvips turns CMYK without a profile into sRGB by a profile of coated paper. The colours of a grid are chosen so
// that, interpolated, they have the least mean square difference from libvips's at mixtures drawn by chance.
import { writeFileSync } from "node:fs";
import sharp from "sharp";

const NODES = 6;
const SAMPLES = 2 ** 18;
const STEPS = 200;

/** A TIFF file of one strip: libvips takes its four values for CMYK, of which 255 is full ink. */
function tiffOf(inks, width, height) {
  const entries = [
    [256, width],
    [257, height],
    [258, 0],
    [259, 1],
    [262, 5],
    [273, 8],
    [277, 4],
    [278, height],
    [279, inks.length],
  ];
  const directory = 8 + inks.length;
  const file = Buffer.alloc(directory + 2 + 12 * entries.length + 4 + 8);
  file.write("II*\0", 0, "latin1");
  file.writeUInt32LE(directory, 4);
  inks.copy(file, 8);
  file.writeUInt16LE(entries.length, directory);
  const bits = file.length - 8;
  for (let i = 0; i < 4; i++) file.writeUInt16LE(8, bits + 2 * i);
  for (const [i, [tag, value]] of entries.entries()) {
    const at = directory + 2 + 12 * i;
    const isBits = tag === 258;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(isBits ? 3 : 4, at + 2);
    file.writeUInt32LE(isBits ? 4 : 1, at + 4);
    file.writeUInt32LE(isBits ? bits : value, at + 8);
  }
  return file;
}

let state = 1;
/** Below `limit`, by the generator of Steele and Vigna (SplitMix32 as in public use), from a fixed seed. */
function below(limit) {
  state = (state + 0x9e3779b9) | 0;
  let value = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
  return ((value ^ (value >>> 15)) >>> 0) % limit;
}

// Half of the mixtures are of any strength; the other half are light, and every other one of these is without black.
const inks = Buffer.from(Array.from({ length: 4 * SAMPLES }, () => below(256)));
for (let i = 0; i < inks.length / 2; i += 4) {
  const strength = below(256);
  for (let c = 0; c < 3; c++) inks[i + c] = (inks[i + c] * strength) >> 8;
  if (i % 8 === 0) inks[i + 3] = 0;
}
const side = Math.sqrt(SAMPLES);
const colors = await sharp(tiffOf(inks, side, side))
  .toColourspace("srgb")
  .raw()
  .toBuffer();

/** The nodes around each mixture, and their shares. */
const corners = new Uint16Array(16 * SAMPLES);
const shares = new Float64Array(16 * SAMPLES);
for (let i = 0; i < SAMPLES; i++) {
  for (let corner = 0; corner < 16; corner++) {
    let [share, node] = [1, 0];
    for (let c = 0; c < 4; c++) {
      const place = (inks[4 * i + c] * (NODES - 1)) / 255;
      const low = Math.min(NODES - 2, Math.floor(place));
      const isUpper = (corner >> c) & 1;
      share *= isUpper ? place - low : 1 - place + low;
      node = node * NODES + low + isUpper;
    }
    corners[16 * i + corner] = node;
    shares[16 * i + corner] = share;
  }
}
const interpolated = (nodes) => {
  const values = new Float64Array(SAMPLES);
  for (let i = 0; i < values.length; i++)
    for (let at = 16 * i; at < 16 * i + 16; at++) values[i] += shares[at] * nodes[corners[at]];
  return values;
};
const gathered = (values) => {
  const nodes = new Float64Array(NODES ** 4);
  for (let at = 0; at < corners.length; at++) nodes[corners[at]] += shares[at] * values[at >> 4];
  return nodes;
};
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Least squares by conjugate gradients. */
function fitted(target) {
  const nodes = new Float64Array(NODES ** 4);
  let rest = gathered(target);
  let direction = rest.slice();
  for (let step = 0; step < STEPS; step++) {
    const product = gathered(interpolated(direction));
    const length = dot(rest, rest) / dot(direction, product);
    for (let i = 0; i < nodes.length; i++) nodes[i] += length * direction[i];
    const next = rest.map((value, i) => value - length * product[i]);
    const ratio = dot(next, next) / dot(rest, rest);
    direction = next.map((value, i) => value + ratio * direction[i]);
    rest = next;
  }
  return Uint8ClampedArray.from(nodes, Math.round);
}

const channels = [0, 1, 2].map((c) =>
  fitted(Float64Array.from({ length: SAMPLES }, (_, i) => colors[3 * i + c])),
);
const differences = channels.map((nodes, c) =>
  interpolated(nodes).reduce(
    (sum, value, i) => sum + Math.abs(Math.round(value) - colors[3 * i + c]) / SAMPLES,
    0,
  ),
);
console.log(
  `mean difference from libvips in red, green and blue: ${differences.map((value) => value.toFixed(2)).join(", ")}`,
);
const bytes = Buffer.from(
  Array.from({ length: 3 * NODES ** 4 }, (_, i) => channels[i % 3][Math.floor(i / 3)]),
);
const lines = bytes.toString("base64").match(/.{1,104}/g);
writeFileSync(
  new URL("../src/pictures/ink-colors.ts", import.meta.url),
  `/** Written by scripts/make-inks.js, which says what it is: colours of mixtures of inks, in base64. */\n` +
    `export const INK_NODES = ${NODES};\nexport const INK_COLORS =\n${lines.map((line) => `  "${line}"`).join(" +\n")};\n`,
);
