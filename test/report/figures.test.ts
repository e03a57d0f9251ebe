import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { pictureRows } from "../../src/report/figures.ts";
import { eachInkPixel, glyphHeight, textWidth } from "../../src/report/pixel-font.ts";
import { runPage } from "../../src/report/run-page.ts";

const margin = 20;
const unlabelled = (pictures: ArrayLike<number>[]) => [{ label: "", pictures }];

/** Values in the box of `width` × `height` at (`left`, `top`) of a picture of one channel. */
function crop(picture: Picture, left: number, top: number, width: number, height: number): number[] {
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [left + (i % width), top + Math.floor(i / width)];
    return picture.data[y * picture.width + x]!;
  });
}

describe("pictureRows", () => {
  it("puts each value, enlarged, in its place, and white everywhere else", () => {
    const rows = [
      {
        label: "",
        pictures: [
          [10, 20, 30, 40],
          [50, 60, 70, 80],
        ],
      },
      { label: "", pictures: [[1, 2, 3, 4]] },
    ];
    const figure = pictureRows(rows, { width: 2, height: 2, scale: 3, gap: 5 });
    expect([figure.width, figure.height, figure.channels]).toEqual([
      2 * margin + 6 + 5 + 6,
      2 * margin + 6 + 5 + 6,
      1,
    ]);

    const expected = new Uint8Array(figure.width * figure.height).fill(255);
    const corners = [
      [20, 20],
      [31, 20],
      [20, 31],
    ] as const;
    for (const [i, picture] of rows.flatMap((row) => row.pictures).entries()) {
      const [left, top] = corners[i]!;
      for (let y = 0; y < 6; y++) {
        for (let x = 0; x < 6; x++) {
          expected[(top + y) * figure.width + left + x] = picture[Math.floor(y / 3) * 2 + Math.floor(x / 3)]!;
        }
      }
    }
    expect(figure.data).toEqual(expected);
  });

  it("clips, rounds, and shows NaN as black", () => {
    const values = new Float32Array([
      -3,
      300,
      Number.NaN,
      99.6,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    const figure = pictureRows(unlabelled([values]), { width: 3, height: 2, scale: 1 });
    expect(crop(figure, margin, margin, 3, 2)).toEqual([0, 255, 0, 100, 255, 0]);
  });

  it("keeps the channels of a colour picture together", () => {
    const figure = pictureRows(unlabelled([[255, 0, 0, 0, 0, 255]]), {
      width: 2,
      height: 1,
      channels: 3,
      scale: 2,
    });
    expect(figure.channels).toBe(3);
    const start = (margin * figure.width + margin) * 3;
    expect([...figure.data.subarray(start, start + 12)]).toEqual([
      255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255,
    ]);
  });

  it("is about 1,100 pixels wide for ten classes of 28 × 28", () => {
    const rows = ["original", "noisy", "denoised"].map((label) => ({
      label,
      pictures: Array.from({ length: 10 }, () => new Uint8Array(784)),
    }));
    const figure = pictureRows(rows, { width: 28, height: 28 });
    expect(Math.abs(figure.width - 1100)).toBeLessThanOrEqual(140);
    // Black in the last picture, which ends at the margins; three times 84 pixels high.
    expect(
      crop(figure, figure.width - margin - 84, figure.height - margin - 84, 84, 84).every((v) => v === 0),
    ).toBe(true);
    expect(figure.height).toBe(2 * margin + 3 * 84 + 2 * 12);
  });

  it("writes the row's label left of its pictures and the column's above, and moves no picture for it", () => {
    const black = new Uint8Array(28 * 28);
    const options = { width: 28, height: 28, scale: 3 };
    const plain = pictureRows(unlabelled([black]), options);
    const figure = pictureRows([{ label: "Il", pictures: [black] }], { ...options, columnLabels: ["Bag"] });
    const left = figure.width - plain.width;
    const top = figure.height - plain.height;
    expect(left).toBe(textWidth("Il") * 2 + 12);
    expect(top).toBe((glyphHeight + 2) * 2 + 6);
    expect(crop(figure, left + margin, top + margin, 84, 84)).toEqual(Array(84 * 84).fill(0));

    // "Il" is I, 3 wide with serifs, and one stroke: 13 + 7 pixels of ink, each drawn 2 × 2.
    const ofRow = crop(figure, margin, top + margin, left - 12, 84).filter((value) => value !== 255);
    expect(ofRow.length).toBe((3 + 5 + 3 + 7) * 4);
    expect(new Set(ofRow)).toEqual(new Set([48]));
    const middle = (rows: number[]) => (rows[0]! + rows.at(-1)!) / 2;
    const inkedRows = Array.from({ length: 84 }, (_, y) => y).filter((y) =>
      crop(figure, margin, top + margin + y, left - 12, 1).includes(48),
    );
    expect(Math.abs(middle(inkedRows) - 41.5)).toBeLessThanOrEqual(2);
    const above = crop(figure, left + margin, 0, 84, top + margin);
    const inkedColumns = Array.from({ length: 84 }, (_, x) => x).filter((x) =>
      above.some((v, i) => v === 48 && i % 84 === x),
    );
    expect(Math.abs(middle(inkedColumns) - 41.5)).toBeLessThanOrEqual(1);
  });

  it("breaks and cuts column labels that are too wide, so that none leaves its column", () => {
    const black = new Uint8Array(8 * 8);
    const wide = ["T-shirt/top WWWWWWWWWWWWWWWW", "Ankle boot"];
    const figure = pictureRows(unlabelled([black, black]), {
      width: 8,
      height: 8,
      scale: 5,
      gap: 60,
      columnLabels: wide,
    });
    const top = figure.height - margin - 40;
    const inked = Array.from({ length: figure.width }, (_, x) => x).filter((x) =>
      crop(figure, x, 0, 1, top).includes(48),
    );
    // Pictures lie at 20 to 60 and 120 to 160; a label may stand out by half the margin.
    expect(inked.filter((x) => x < 60 + 11 && x >= 20 - 11).length).toBeGreaterThan(20);
    expect(inked.every((x) => (x >= 9 && x < 71) || (x >= 109 && x < 171))).toBe(true);
  });

  it("makes room for a label that is higher than the picture", () => {
    const figure = pictureRows([{ label: "a\nb\nc", pictures: [[7]] }], { width: 1, height: 1, scale: 1 });
    expect(figure.height).toBe(2 * margin + 3 * (glyphHeight + 2) * 2);
    expect(figure.data.filter((value) => value === 7).length).toBe(1);
    expect(figure.data.filter((value) => value === 48).length).toBeGreaterThan(100);
  });

  it("refuses what does not fit together", () => {
    const size = { width: 2, height: 1 };
    expect(() => pictureRows([], size)).toThrow(SpecError);
    expect(() => pictureRows(unlabelled([]), size)).toThrow(/at least one picture/);
    expect(() => pictureRows([{ label: "noisy", pictures: [[1, 2, 3]] }], size)).toThrow(
      /row "noisy" has 3 values; 2 × 1 × 1 need 2/,
    );
    expect(() => pictureRows(unlabelled([[1, 2]]), { ...size, columnLabels: ["a", "b"] })).toThrow(
      /1 columns, but 2/,
    );
    expect(() => pictureRows(unlabelled([[1, 2]]), { ...size, scale: 1.5 })).toThrow(
      /scale must be a whole number/,
    );
    expect(() => pictureRows(unlabelled([[1, 2]]), { ...size, gap: -1 })).toThrow(SpecError);
    expect(() => pictureRows(unlabelled([[1, 2]]), { width: 1, height: 1, channels: 2 })).toThrow(SpecError);
  });
});

describe("the font", () => {
  const drawn = (text: string) => {
    const rows = Array.from({ length: glyphHeight }, () => Array<string>(textWidth(text)).fill("."));
    eachInkPixel(text, (x, y) => {
      rows[y]![x] = "#";
    });
    return rows.map((row) => row.join(""));
  };

  it("draws letters side by side, tails below the line", () => {
    expect(drawn("Ly")).toEqual([
      "#........",
      "#........",
      "#....#..#",
      "#....#..#",
      "#....#..#",
      "#....#..#",
      "####..###",
      "........#",
      "......##.",
    ]);
  });

  it("has a different glyph for every letter and digit, and a question mark for the rest", () => {
    const characters = [
      ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:'!?-+=/()%&_×σ ",
    ];
    expect(new Set(characters.map((character) => drawn(character).join("\n"))).size).toBe(characters.length);
    expect(drawn("é😀")).toEqual(drawn("??"));
    expect(textWidth("")).toBe(0);
  });
});

describe("runPage", () => {
  const page = runPage({
    title: 'a <b> & "c"',
    summary: "s<u>m",
    facts: [["se<ed", "'1'"]],
    table: {
      head: ["set", "M<SE"],
      rows: [
        ["noisy", "1<2"],
        ["denoised", "3"],
      ],
    },
    note: "n<o>te",
  });

  it("shows the figure, the chart and every figure, escaped", () => {
    for (const text of [
      "<title>a &lt;b&gt; &amp; &quot;c&quot;</title>",
      "<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>",
      "<p>s&lt;u&gt;m</p>",
      '<img src="figure.png" alt="',
      '<img src="loss.svg" alt="',
      "<dt>se&lt;ed</dt><dd>&#39;1&#39;</dd>",
      "<tr><th>set</th><th>M&lt;SE</th></tr>",
      "<tr><td>noisy</td><td>1&lt;2</td></tr>\n<tr><td>denoised</td><td>3</td></tr>",
      '<p class="note">n&lt;o&gt;te</p>',
    ]) {
      expect(page).toContain(text);
    }
  });

  it("needs nothing but the two pictures", () => {
    expect(page).not.toMatch(/<script|<link|@import|url\(|https?:/);
    expect([...page.matchAll(/src="([^"]*)"/g)].map((match) => match[1])).toEqual(["figure.png", "loss.svg"]);
    expect(page).toContain("@media (prefers-color-scheme: dark)");
  });

  it("shows photographs first, if there are any", () => {
    const facts = { title: "t", facts: [], table: { head: [""], rows: [] } };
    const shown = runPage({ ...facts, photographs: ["a <b>", "c"] });
    expect([...shown.matchAll(/src="([^"]*)"/g)].map(([, file]) => file)).toEqual([
      "photographs.png",
      "figure.png",
      "loss.svg",
    ]);
    expect(shown).toContain('<p class="note">a &lt;b&gt;</p>\n<p class="note">c</p>');
    expect(runPage(facts)).not.toContain("hotograph");
  });

  it("leaves out what it is not given", () => {
    const short = runPage({ title: "t", facts: [], table: { head: [], rows: [] } });
    expect(short).not.toContain("undefined");
    expect(short).not.toMatch(/<p/);
  });
});
