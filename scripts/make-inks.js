// node scripts/make-inks.js: writes src/pictures/ink-colors.ts, the colours of mixtures of printing inks. It needs sharp,
// whose libvips turns CMYK without a profile into sRGB by a profile of coated paper. The colours of a grid are chosen so
// that src/pictures/jpeg-inks.ts, which puts cubic curves through them, comes closest to libvips's colours: least squares,
// in which mixtures of little ink count more.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";

/** Nodes for cyan, magenta, yellow and black. */
const NODES = [6, 7, 7, 6];
/** Mixtures of each ink with the others that libvips is asked for. */
const FINE = 16;
/** In each, colours that libvips has clipped are replaced by what the curves make of them. */
const ROUNDS = 30;

const cubic = fileURLToPath(new URL("../src/pictures/cubic.ts", import.meta.url));
const { outputFiles } = await build({ entryPoints: [cubic], bundle: true, format: "esm", write: false });
const { cubicWeights } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);

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

const mixtures = Buffer.from(
  Array.from({ length: 4 * FINE ** 4 }, (_, i) => {
    const ink = Math.floor((i >> 2) / FINE ** (3 - (i & 3))) % FINE;
    return (255 * ink) / (FINE - 1);
  }),
);
const side = FINE ** 2;
const colors = await sharp(tiffOf(mixtures, side, side))
  .toColourspace("srgb")
  .raw()
  .toBuffer();

const places = Array.from({ length: FINE }, (_, i) => i / (FINE - 1));

/** For each ink the weights of its nodes at all places, and the matrix that finds the nodes from values at these places. */
const axes = NODES.map((count) => {
  const curves = places.map((place) => cubicWeights(place, count));
  const importance = places.map((place) => 1 + 3 * Math.exp(-3 * place));
  const normal = Array.from({ length: count }, (_, i) => [
    ...Array.from({ length: count }, (_, j) =>
      curves.reduce((sum, curve, p) => sum + importance[p] * curve[i] * curve[j], 0),
    ),
    ...curves.map((curve, p) => importance[p] * curve[i]),
  ]);
  return { curves, fit: solved(normal) };
});

/** Gauss and Jordan's elimination of [A | B], for an A that is positive definite. @returns A⁻¹ B */
function solved(rows) {
  for (let i = 0; i < rows.length; i++) {
    rows[i] = rows[i].map((value) => value / rows[i][i]);
    for (let j = 0; j < rows.length; j++)
      if (j !== i) rows[j] = rows[j].map((value, k) => value - rows[j][i] * rows[i][k]);
  }
  return rows.map((row) => row.slice(rows.length));
}

/** Multiplies a grid of colours, ink by ink, by the matrices. */
function along(values, matrices) {
  for (const matrix of matrices) {
    const rest = values.length / matrix[0].length / 3;
    const product = new Float64Array(matrix.length * rest * 3);
    for (const [i, row] of matrix.entries())
      for (let r = 0; r < rest; r++)
        for (let c = 0; c < 3; c++)
          product[3 * (r * matrix.length + i) + c] = row.reduce(
            (sum, weight, k) => sum + weight * values[3 * (k * rest + r) + c],
            0,
          );
    values = product;
  }
  return values;
}

const curves = axes.map((axis) => axis.curves);
const fits = axes.map((axis) => axis.fit);
let nodes;
let target = Float64Array.from(colors);
for (let round = 0; round < ROUNDS; round++) {
  nodes = along(target, fits);
  target = along(nodes, curves).map((value, i) => {
    const isBeyond = (colors[i] === 0 && value < 0) || (colors[i] === 255 && value > 255);
    return isBeyond ? Math.min(290, Math.max(-60, value)) : colors[i];
  });
}
const [lowest, highest] = [Math.floor(Math.min(...nodes)), Math.ceil(Math.max(...nodes))];
const step = (highest - lowest) / 255;
const bytes = Buffer.from(nodes.map((value) => Math.round((value - lowest) / step)));
const found = along(
  Float64Array.from(bytes, (byte) => lowest + step * byte),
  curves,
);
const difference = Uint8ClampedArray.from(found).reduce(
  (sum, value, i) => sum + Math.abs(value - colors[i]) / colors.length,
  0,
);
console.log(`mean difference from libvips: ${difference.toFixed(2)} levels`);
const lines = bytes.toString("base64").match(/.{1,104}/g);
writeFileSync(
  new URL("../src/pictures/ink-colors.ts", import.meta.url),
  `/** Written by scripts/make-inks.js, which says what it is: colours of mixtures of inks, in base64. */
export const INK_NODES = [${NODES.join(", ")}];
/** The value that the byte 0 stands for, and how much more each next one does. */
export const INK_LOWEST = ${lowest};
export const INK_STEP = ${highest - lowest} / 255;
export const INK_COLORS =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`,
);
