import { SpecError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { eachInkPixel, glyphHeight, textWidth } from "./pixel-font.ts";

/** One row of a figure. */
export interface PictureRow {
  /** The text to the left of the row. A `\n` starts a new line. */
  readonly label: string;
  /** For each column, a picture as height × width × channels values from 0 to 255. */
  readonly pictures: readonly ArrayLike<number>[];
}

/** What a figure looks like. */
export interface PictureRowsOptions {
  /** The width of every picture in pixels, before it is enlarged. */
  readonly width: number;
  /** The height of every picture in pixels, before it is enlarged. */
  readonly height: number;
  /** Values of each pixel, in every picture and in the figure: 1 for grey (the default) or 3 for RGB. */
  readonly channels?: number;
  /** A label for each column. If it is too wide, it is broken into lines after spaces, `/` and `-`. */
  readonly columnLabels?: readonly string[];
  /** How many times pictures are enlarged, a whole number. By default the figure becomes about 1,100 pixels wide. */
  readonly scale?: number;
  /** The distance between pictures in pixels, a whole number. Default 12. */
  readonly gap?: number;
}

const targetWidth = 1100;
const margin = 20;
const labelGap = 12;
const textScale = 2;
const lineHeight = (glyphHeight + 2) * textScale;
const white = 255;
const ink = 48;

/**
 * Draws a figure with a row for each set of pictures (such as original, noisy and denoised) and a column for each sample.
 * The pictures are enlarged by repeating pixels, on white, with row labels to the left and column labels above.
 *
 * Values are rounded and clamped to 0 to 255, and NaN counts as 0. A row may be shorter than the others.
 * @throws SpecError if there is nothing to draw, sizes do not fit, or an option is out of range
 */
export function pictureRows(
  rows: readonly PictureRow[],
  options: PictureRowsOptions,
): Required<Picture<Uint8Array>> {
  const { width, height, channels = 1, columnLabels = [], gap = 12 } = options;
  const columns = Math.max(0, ...rows.map((row) => row.pictures.length));
  checkPictures(rows, columns, options);

  const rowLabels = rows.map(({ label }) => (label === "" ? [] : label.split("\n")));
  const labelWidth = Math.max(0, ...rowLabels.flat().map(textWidth)) * textScale;
  const labelHeight = Math.max(...rowLabels.map((lines) => lines.length)) * lineHeight;
  const left = margin + (labelWidth > 0 ? labelWidth + labelGap : 0);
  const free = targetWidth - left - margin - (columns - 1) * gap;
  const scale = options.scale ?? Math.max(1, Math.round(free / (columns * width)));
  const cellWidth = width * scale;
  const cellHeight = Math.max(height * scale, labelHeight);
  const titleLimit = (cellWidth + Math.min(gap, margin)) / textScale - 1;
  const titles = columnLabels.map((label) => wrap(label, titleLimit));
  const titleLines = Math.max(0, ...titles.map((lines) => lines.length));
  const top = margin + (titleLines > 0 ? titleLines * lineHeight + labelGap / 2 : 0);

  const canvas = blank(
    left + columns * (cellWidth + gap) - gap + margin,
    top + rows.length * (cellHeight + gap) - gap + margin,
    channels,
  );
  for (const [column, lines] of titles.entries()) {
    const centre = left + column * (cellWidth + gap) + cellWidth / 2;
    for (const [i, line] of lines.entries()) {
      const y = margin + (titleLines - lines.length + i) * lineHeight;
      drawText(canvas, line, centre - (textWidth(line) * textScale) / 2, y);
    }
  }
  for (const [row, { pictures }] of rows.entries()) {
    const y = top + row * (cellHeight + gap);
    const lines = rowLabels[row]!;
    const firstLine = y + (cellHeight - lines.length * lineHeight) / 2 + textScale;
    for (const [i, line] of lines.entries()) {
      drawText(canvas, line, left - labelGap - textWidth(line) * textScale, firstLine + i * lineHeight);
    }
    const pictureTop = y + Math.floor((cellHeight - height * scale) / 2);
    for (const [column, picture] of pictures.entries()) {
      drawPicture(canvas, picture, width, scale, left + column * (cellWidth + gap), pictureTop);
    }
  }
  return canvas;
}

function checkPictures(
  rows: readonly PictureRow[],
  columns: number,
  { width, height, channels = 1, columnLabels, scale = 1, gap = 0 }: PictureRowsOptions,
): void {
  if (columns === 0) throw new SpecError("A figure needs at least one picture.");
  for (const [name, value, least] of [
    ["width", width, 1],
    ["height", height, 1],
    ["scale", scale, 1],
    ["gap", gap, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new SpecError(`A figure's ${name} must be a whole number of at least ${least}, not ${value}.`);
    }
  }
  if (channels !== 1 && channels !== 3) {
    throw new SpecError(`A figure's pictures have 1 channel (grey) or 3 (RGB), not ${channels}.`);
  }
  if (columnLabels && columnLabels.length !== columns) {
    throw new SpecError(`The figure has ${columns} columns, but ${columnLabels.length} column labels.`);
  }
  const size = width * height * channels;
  for (const { label, pictures } of rows) {
    for (const picture of pictures) {
      if (picture.length !== size) {
        throw new SpecError(
          `A picture in row "${label}" has ${picture.length} values; ${width} × ${height} × ${channels} need ${size}.`,
        );
      }
    }
  }
}

function blank(width: number, height: number, channels: number): Required<Picture<Uint8Array>> {
  return { data: new Uint8Array(width * height * channels).fill(white), width, height, channels };
}

/** Draws `picture`, enlarged, into `canvas`, with its top left corner at (`left`, `top`). */
function drawPicture(
  canvas: Required<Picture<Uint8Array>>,
  picture: ArrayLike<number>,
  width: number,
  scale: number,
  left: number,
  top: number,
): void {
  const { channels } = canvas;
  const values = Uint8ClampedArray.from(picture);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / channels);
    const x = left + (pixel % width) * scale;
    const y = top + Math.floor(pixel / width) * scale;
    for (let dy = 0; dy < scale; dy++) {
      for (let dx = 0; dx < scale; dx++) {
        canvas.data[((y + dy) * canvas.width + x + dx) * channels + (i % channels)] = values[i]!;
      }
    }
  }
}

/** Writes a line of text. The top left of its capitals is at (`left`, `top`), rounded to whole pixels. */
function drawText(canvas: Required<Picture<Uint8Array>>, text: string, left: number, top: number): void {
  const { data, width, channels } = canvas;
  eachInkPixel(text, (x, y) => {
    for (let dy = 0; dy < textScale; dy++) {
      const start = (Math.round(top) + y * textScale + dy) * width + Math.round(left) + x * textScale;
      data.fill(ink, start * channels, (start + textScale) * channels);
    }
  });
}

/** Breaks a label into lines of at most `limit` font pixels. A word that is longer than that is cut. */
function wrap(label: string, limit: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of label.match(/[^ /-]*[ /-]?/g) ?? []) {
    if (line !== "" && textWidth((line + word).trim()) > limit) {
      lines.push(line.trim());
      line = "";
    }
    line += word;
    while (line.length > 1 && textWidth(line.trim()) > limit) line = line.slice(0, -1);
  }
  return [...lines, line.trim()];
}
