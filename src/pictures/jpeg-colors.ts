/**
 * Makes pixels from the planes of a JPEG file. Planes of lower resolution are brought to the picture's as libjpeg does by
 * default ("fancy upsampling", jdsample.c), and colours converted with its roundings (jdcolor.c), so that the values are
 * those of libjpeg-turbo, bit for bit.
 */
import type { Component, Frame } from "./jpeg-frame.ts";

/** What the components of a file are. Of inverted inks, 255 stands for no ink and 0 for full ink. */
export type ColorForm = "grey" | "rgb" | "ycc" | "cmyk" | "ycck";

/** Puts the values of a component for one row of the picture into `row`, for all its columns. */
type ReadRow = (y: number, row: Uint8Array) => void;

const { imul } = Math;
const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** How a component's rows are brought to the picture's resolution. */
function rowReader(component: Component, frame: Frame): ReadRow {
  const { plane, width, height, columns } = component;
  const stride = 8 * columns;
  const across = frame.across / component.across;
  const down = frame.down / component.down;
  if (across === 1 && down === 1)
    return (y, row) => row.set(plane.subarray(y * stride, y * stride + frame.width));
  /** The row of the component that lies beside, towards the row y of the picture. */
  const beside = (y: number) => Math.min(height - 1, Math.max(0, (y >> 1) + (y & 1 ? 1 : -1)));
  if (across === 1 && down === 2) {
    return (y, row) => {
      const [near, far, bias] = [(y >> 1) * stride, beside(y) * stride, y & 1 ? 2 : 1];
      for (let x = 0; x < width; x++) row[x] = (3 * plane[near + x]! + plane[far + x]! + bias) >> 2;
    };
  }
  if (across === 2 && width > 2 && down === 1) {
    return (y, row) => {
      const at = y * stride;
      row[0] = plane[at]!;
      for (let x = 0; x < width; x++) {
        const here = 3 * plane[at + x]!;
        if (x > 0) row[2 * x] = (here + plane[at + x - 1]! + 1) >> 2;
        row[2 * x + 1] = x < width - 1 ? (here + plane[at + x + 1]! + 2) >> 2 : plane[at + x]!;
      }
    };
  }
  if (across === 2 && width > 2 && down === 2) {
    return (y, row) => {
      const [near, far] = [(y >> 1) * stride, beside(y) * stride];
      let here = 3 * plane[near]! + plane[far]!;
      let before = here;
      for (let x = 0; x < width; x++) {
        const after = x < width - 1 ? 3 * plane[near + x + 1]! + plane[far + x + 1]! : here;
        row[2 * x] = (3 * here + before + 8) >> 4;
        row[2 * x + 1] = (3 * here + after + 7) >> 4;
        before = here;
        here = after;
      }
    };
  }
  return (y, row) => {
    const at = Math.floor(y / down) * stride;
    for (let x = 0; x < frame.width; x++) row[x] = plane[at + Math.floor(x / across)]!;
  };
}

/** One row of each component into one of the picture, whose first value is at `to`. */
type WriteRow = (rows: readonly Uint8Array[], data: Uint8Array, to: number, width: number) => void;

const writers: Record<ColorForm, WriteRow> = {
  grey([grey], data, to, width) {
    data.set(grey!.subarray(0, width), to);
  },
  rgb([red, green, blue], data, to, width) {
    for (let x = 0, at = to; x < width; x++, at += 3) {
      data[at] = red![x]!;
      data[at + 1] = green![x]!;
      data[at + 2] = blue![x]!;
    }
  },
  ycc([luma, cb, cr], data, to, width) {
    for (let x = 0, at = to; x < width; x++, at += 3) {
      const y = luma![x]!;
      const b = cb![x]! - 128;
      const r = cr![x]! - 128;
      // The constants of BT.601 (1.402, 0.34414, 0.71414, 1.772) times 2¹⁶.
      data[at] = clamp(y + ((imul(r, 91_881) + 32_768) >> 16));
      data[at + 1] = clamp(y + ((imul(b, -22_554) + imul(r, -46_802) + 32_768) >> 16));
      data[at + 2] = clamp(y + ((imul(b, 116_130) + 32_768) >> 16));
    }
  },
  cmyk([cyan, magenta, yellow, black], data, to, width) {
    for (let x = 0, at = to; x < width; x++, at += 4) {
      data[at] = cyan![x]!;
      data[at + 1] = magenta![x]!;
      data[at + 2] = yellow![x]!;
      data[at + 3] = black![x]!;
    }
  },
  ycck([luma, cb, cr, black], data, to, width) {
    // The three components are those of the inks' complements.
    const paper = new Uint8Array(3 * width);
    writers.ycc([luma!, cb!, cr!], paper, 0, width);
    for (let x = 0, at = to; x < width; x++, at += 4) {
      for (let c = 0; c < 3; c++) data[at + c] = 255 - paper[3 * x + c]!;
      data[at + 3] = black![x]!;
    }
  },
};

/** The pixels of the planes, side by side: grey, RGB, or CMYK as the file has it. */
export function pixelsOf(frame: Frame, form: ColorForm): Uint8Array<ArrayBuffer> {
  const { width, height, components } = frame;
  const data = new Uint8Array(width * height * components.length);
  const readers = components.map((component) => rowReader(component, frame));
  // Upsampled rows may be a little longer than the picture's.
  const rows = components.map(() => new Uint8Array(8 * frame.unitsAcross * frame.across));
  const write = writers[form];
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < rows.length; c++) readers[c]!(y, rows[c]!);
    write(rows, data, y * width * components.length, width);
  }
  return data;
}
