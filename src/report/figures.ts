import { SpecError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { eachInkPixel, glyphHeight, textWidth } from "./pixel-font.ts";

/** One row of a figure. A `\n` in the label starts a new line. */
export interface PictureRow {
  readonly label: string;
  readonly pictures: readonly ArrayLike<number>[];
}

/** What a figure looks like. */
export interface PictureRowsOptions {
  /** Size of every picture in pixels, before it is enlarged. */
  readonly width: number;
  readonly height: number;
  /** Values per pixel of every picture, and of the figure: 1 (grey) if left out, or 3 (RGB). */
  readonly channels?: number;
  /** One a column; broken into lines after spaces, `/` and `-` where a column is too narrow. */
  readonly columnLabels?: readonly string[];
  /** How many times to enlarge, a whole number; by default what makes the figure about 1,100 pixels wide. */
  readonly scale?: number;
  /** Pixels between pictures. */
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
 * A figure with one row a set (say original, noisy, denoised) and one column a sample: the pictures enlarged
 * by pixel repetition on white, row labels to the left, column labels above.
 *
 * Values are rounded and clipped to 0..255, NaN counts as 0; a picture has height × width × channels of
 * them. A row may be shorter than the others.
 * @throws SpecError if there is nothing to draw, or sizes do not fit
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

/** Enlarges `picture` into `canvas`, its top left corner at (`left`, `top`). */
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

/** Writes one line of text, the top left of its capitals at (`left`, `top`), rounded to whole pixels. */
function drawText(canvas: Required<Picture<Uint8Array>>, text: string, left: number, top: number): void {
  const { data, width, channels } = canvas;
  eachInkPixel(text, (x, y) => {
    for (let dy = 0; dy < textScale; dy++) {
      const start = (Math.round(top) + y * textScale + dy) * width + Math.round(left) + x * textScale;
      data.fill(ink, start * channels, (start + textScale) * channels);
    }
  });
}

/** Breaks a label into lines of at most `limit` font pixels; a word that is longer by itself is cut. */
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
