import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { type BeforeAndAfter, beforeAndAfter } from "../../src/report/before-and-after.ts";

const width = 8;
const height = 12;
/** A picture in which no two values are equal, from `start` on. */
const picture = (start: number) => {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + 7 * i) % 256);
  return { data, width, height, channels: 3 };
};
const photograph: BeforeAndAfter = {
  label: "",
  noisy: picture(0),
  denoised: picture(100),
  detail: [5, 2],
};

describe("beforeAndAfter", () => {
  const figure = beforeAndAfter([photograph, { ...photograph, detail: [0, 9] }]);
  /** The colour of the pixel at (x, y) of the picture in a row and a column of the figure. */
  const shown = (row: number, column: number, x: number, y: number) => {
    const left = (figure.width - (4 * width + 3 * 12)) / 2 + column * (width + 12) + x;
    const top = figure.height - 20 - (2 - row) * height - (1 - row) * 12 + y;
    return [...figure.data.subarray(3 * (top * figure.width + left)).subarray(0, 3)];
  };
  const pixel = ({ data }: { data: Uint8Array }, x: number, y: number) => [
    ...data.subarray(3 * (y * width + x)).subarray(0, 3),
  ];

  it("shows both pictures pixel for pixel, and beside them the details, four times enlarged", () => {
    for (const [row, [left, top]] of [
      [5, 2],
      [0, 9],
    ].entries()) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          for (const [column, { data }] of [photograph.noisy, photograph.denoised].entries()) {
            expect(shown(row, column, x, y)).toEqual(pixel({ data }, x, y));
            expect(shown(row, column + 2, x, y)).toEqual(pixel({ data }, left! + (x >> 2), top! + (y >> 2)));
          }
        }
      }
    }
  });

  it("refuses details that do not lie inside, sides that are no multiples of 4, and nothing", () => {
    for (const detail of [
      [7, 0],
      [0, 10],
      [-1, 0],
      [0.5, 0],
    ] as const) {
      expect(() => beforeAndAfter([{ ...photograph, detail }])).toThrow(SpecError);
    }
    const odd = { data: new Uint8Array(6 * 8 * 3), width: 6, height: 8, channels: 3 };
    expect(() => beforeAndAfter([{ label: "", noisy: odd, denoised: odd, detail: [0, 0] }])).toThrow(
      SpecError,
    );
    expect(() => beforeAndAfter([])).toThrow(SpecError);
  });
});
