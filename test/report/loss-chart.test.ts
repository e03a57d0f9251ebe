import { describe, expect, it } from "vitest";
import { lossChart } from "../../src/report/loss-chart.ts";

const losses = Array.from({ length: 100 }, (_, i) => 1900 + 1800 / (1 + i / 3));

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The elements of an XML text in their order. @throws Error where it is not well-formed */
function elementsOf(xml: string): Element[] {
  const elements: (Element & { text: string })[] = [];
  const open: string[] = [];
  let end = 0;
  const plain = (text: string) => {
    if (/[<>]|&(?!(amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`not escaped: ${text}`);
    const characters = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
    return text.replace(/&[^;]+;/g, (entity) => characters[entity as keyof typeof characters]);
  };
  for (const match of xml.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"]*")*)(\/?)>/gi)) {
    const [tag, closes, name, written, empty] = match as unknown as [string, string, string, string, string];
    const before = plain(xml.slice(end, match.index));
    end = match.index + tag.length;
    if (before.trim()) elements.at(-1)!.text += before;
    if (closes) {
      if (open.pop() !== name) throw new Error(`${tag} closes nothing`);
      continue;
    }
    const pairs = [...written.matchAll(/ ([^=]+)="([^"]*)"/g)].map(([, key, value]) => [key, plain(value!)]);
    const attributes = Object.fromEntries(pairs) as Record<string, string>;
    if (Object.keys(attributes).length < pairs.length) throw new Error(`twice the same attribute: ${tag}`);
    elements.push({ name, attributes, text: "" });
    if (!empty) open.push(name);
  }
  if (open.length > 0 || xml.slice(end).trim()) throw new Error("the end is missing");
  return elements;
}

type Corner = readonly [x: number, y: number];

/** The points of a curve in the units of the drawing, in pieces without a gap. */
function piecesOf(svg: string, curve: "training" | "test"): Corner[][] {
  const path = elementsOf(svg).find(({ name, attributes }) => name === "path" && attributes.class === curve);
  const pieces = path?.attributes.d?.split("M").slice(1) ?? [];
  return pieces.map((piece) =>
    piece.split("L").map((corner) => {
      const [x, y, ...more] = corner.split(",").map(Number);
      expect([x, y, more.length].every(Number.isFinite)).toBe(true);
      return [x!, y!];
    }),
  );
}
const dotsOf = (svg: string, curve: "training" | "test"): Corner[] =>
  elementsOf(svg)
    .filter(({ name, attributes }) => name === "circle" && attributes.class === curve)
    .map(({ attributes }) => [Number(attributes.cx), Number(attributes.cy)]);
const textsOf = (svg: string): string[] => elementsOf(svg).flatMap(({ text }) => (text ? [text] : []));
const place = (svg: string, label: string) => {
  const { attributes } = elementsOf(svg).find(({ text }) => text === label)!;
  return { x: Number(attributes.x), y: Number(attributes.y) };
};
const difference = (a: number, b: number) => Math.round(Math.abs(a - b) * 100) / 100;
const chart = (losses: readonly number[], more: Partial<Parameters<typeof lossChart>[0]> = {}) =>
  lossChart({ title: "t", losses, ...more });

describe("lossChart", () => {
  it("has one point an epoch, evenly spaced, as high as its loss", () => {
    const [training, ...others] = piecesOf(chart(losses), "training");
    expect(others).toEqual([]);
    expect(piecesOf(chart(losses), "test")).toEqual([]);
    expect(training!.length).toBe(100);
    const [first, last] = [training![0]!, training![99]!];
    const perEpoch = (last[0] - first[0]) / 99;
    const perLoss = (last[1] - first[1]) / (losses[0]! - losses[99]!);
    expect(perEpoch).toBeGreaterThan(7);
    expect(perLoss).toBeGreaterThan(0.1);
    for (const [i, [x, y]] of training!.entries()) {
      expect(difference(x, first[0] + i * perEpoch)).toBeLessThanOrEqual(0.01);
      expect(difference(y, first[1] + (losses[0]! - losses[i]!) * perLoss)).toBeLessThanOrEqual(0.01);
    }
  });

  it("draws the test loss at the epochs in which it was measured, on the same axes", () => {
    const test = [10, 50, 100].map((epoch) => ({ epoch, value: losses[epoch - 1]! }));
    const svg = chart(losses, { test });
    const [[training], [tested]] = [piecesOf(svg, "training"), piecesOf(svg, "test")];
    expect(tested).toEqual([training![9], training![49], training![99]]);
    expect(dotsOf(svg, "test")).toEqual(tested);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(["training loss", "test loss"]));
    expect(textsOf(chart(losses))).not.toContain("test loss");
  });

  it("writes losses where they belong, with both ends of each axis", () => {
    const svg = chart(losses);
    const [curve] = piecesOf(svg, "training");
    for (const epoch of [1, 10, 50, 100]) {
      expect(difference(place(svg, String(epoch)).x, curve![epoch - 1]![0])).toBeLessThanOrEqual(0.01);
    }
    const [upper, lower] = [place(svg, "4,000").y, place(svg, "1,500").y];
    const y = (loss: number) => upper + ((4000 - loss) / 2500) * (lower - upper);
    // The baseline of a figure is below its middle.
    const baseline = 14 / 3;
    expect(difference(y(losses[0]!) - baseline, curve![0]![1])).toBeLessThanOrEqual(0.02);
    expect(textsOf(svg)).toContain("epoch");
  });

  it("shows references on the scale, with names that do not lie on one another and end in the picture", () => {
    const reference = [
      { label: "noisy input", value: 100.04 },
      { label: "nearly the same", value: 98 },
      { label: `far too ${"long ".repeat(40)}`, value: 3000 },
      { label: "not measured", value: Number.NaN },
    ];
    const svg = chart(losses, { reference });
    const texts = textsOf(svg);
    expect(texts).toEqual(expect.arrayContaining(["0", "noisy input: 100", "nearly the same: 98"]));
    const long = texts.filter((text) => text.startsWith("far too long"));
    expect(long).toEqual([expect.stringMatching(/…: 3,000$/)]);
    expect(long[0]!.length).toBeLessThan(110);
    const apart = place(svg, "nearly the same: 98").y - place(svg, "noisy input: 100").y;
    expect(apart).toBeGreaterThan(14);
    const lines = elementsOf(svg).filter(
      ({ name, attributes }) => name === "line" && attributes.class === "reference",
    );
    expect(lines.length).toBe(3);
    for (const { attributes } of lines) expect(attributes.y1).toBe(attributes.y2);
    const heights = lines.map(({ attributes }) => Number(attributes.y1));
    const [a, b, c] = heights as [number, number, number];
    expect((b - a) / (c - a)).toBeCloseTo((3000 - 100.04) / (3000 - 98), 4);
  });

  it("is logarithmic where the losses span more than a factor of 20, and only there", () => {
    const heights = (values: number[]) => piecesOf(chart(values), "training")[0]!.map(([, y]) => y);
    const [a, b, c] = heights([1000, 100, 10]) as [number, number, number];
    expect(difference(b - a, c - b)).toBeLessThanOrEqual(0.01);
    expect(b - a).toBeGreaterThan(100);
    const [d, e, f] = heights([1000, 550, 100]) as [number, number, number];
    expect(difference(e - d, f - e)).toBeLessThanOrEqual(0.01);
    const [g, h, i] = heights([1000, 0, 10]) as [number, number, number];
    expect(difference((h - i) * 100, h - g)).toBeLessThanOrEqual(2);
  });

  it.each([
    [
      [9000, 40],
      ["10,000", "1,000", "100", "30"],
    ],
    [
      [0.5, 0.021],
      ["0.5", "0.2", "0.1", "0.05", "0.02"],
    ],
    [
      [1e9, 1e-9],
      ["1e9", "1e6", "1,000", "1", "0.001", "1e-6", "1e-9"],
    ],
    [
      [1.2e9, 8e8],
      ["1.2e9", "1e9", "8e8"],
    ],
    [
      [5, 5],
      ["4", "5", "6"],
    ],
    [[0, 0], ["0"]],
    [
      [10_000.2, 10_000.1],
      ["10,000.1", "10,000.2"],
    ],
    [[3700], ["0", "4,000"]],
  ])("labels an axis of %j with %j, as far apart as there is room for", (values, expected) => {
    const svg = chart(values);
    const labels = elementsOf(svg).filter(({ attributes }) => attributes["text-anchor"] === "end");
    const texts = labels.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(expected));
    expect(new Set(texts).size).toBe(texts.length);
    expect(labels.length).toBeGreaterThan(1);
    const heights = labels.map(({ attributes }) => Number(attributes.y)).sort((a, b) => a - b);
    for (let i = 1; i < heights.length; i++) expect(heights[i]! - heights[i - 1]!).toBeGreaterThan(14);
    // Every loss is between the lowest and the highest figure, and no figure begins before the picture does.
    const curve = [...piecesOf(svg, "training").flat(), ...dotsOf(svg, "training")];
    for (const [, y] of curve) {
      expect(y + 14 / 3).toBeGreaterThan(heights[0]! - 1);
      expect(y + 14 / 3).toBeLessThan(heights.at(-1)! + 1);
    }
    for (const { text, attributes } of labels) expect(Number(attributes.x)).toBeGreaterThan(text.length * 8);
  });

  it("leaves a gap where a loss is not finite, and shows one between two gaps as a dot", () => {
    const { NaN: none, POSITIVE_INFINITY: infinite } = Number;
    const svg = chart([5, 4.5, none, 4, infinite, 3, 3.5], { test: [{ epoch: 7, value: none }] });
    const pieces = piecesOf(svg, "training");
    expect(pieces.map(({ length }) => length)).toEqual([2, 1, 2]);
    expect(dotsOf(svg, "training")).toEqual([pieces[1]![0]]);
    expect(piecesOf(svg, "test")).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity/);
    const nothing = chart([none, infinite]);
    expect(textsOf(nothing)).toContain("no finite loss");
    expect(nothing).not.toMatch(/NaN|Infinity/);
  });

  it("draws one epoch as a dot in the middle, and none as an empty chart", () => {
    const [dot, ...more] = dotsOf(chart([3700]), "training");
    expect(more).toEqual([]);
    expect(dot![0]).toBe(place(chart([3700]), "1").x);
    expect(dot![0]).toBe(place(chart([3700]), "epoch").x);
    expect(piecesOf(chart([]), "training")).toEqual([]);
    expect(textsOf(chart([]))).toContain("no training yet");
  });

  it("is well-formed XML that opens by itself: namespace, size, white background, escaped text", () => {
    const title = `a <b> & "c" it's\u0000`;
    const svg = lossChart({ title, losses, reference: [{ label: "<&>", value: 3000 }] });
    const [root, background] = elementsOf(svg);
    expect(root!.name).toBe("svg");
    expect(root!.attributes).toMatchObject({
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: "0 0 900 500",
      role: "img",
      "aria-label": `a <b> & "c" it's\uFFFD: training loss 1,953 after epoch 100`,
    });
    expect(background).toMatchObject({
      name: "rect",
      attributes: { fill: "white", width: "100%", height: "100%" },
    });
    expect(textsOf(svg)).toEqual(expect.arrayContaining([`a <b> & "c" it's\uFFFD`, "<&>: 3,000"]));
    expect(svg).not.toMatch(/<script|<style|<image|href/);
  });

  it("makes a long title smaller, and ends it where it does not fit", () => {
    const heading = (title: string) => {
      const { text, attributes } = elementsOf(lossChart({ title, losses })).find(
        ({ attributes }) => attributes["font-weight"] === "600",
      )!;
      return { text, size: Number(attributes["font-size"]) };
    };
    const title = "photo-conv: mean squared error over 100,000 patches an epoch of 400 images";
    expect(heading("short")).toEqual({ text: "short", size: 19 });
    expect(heading(title).text).toBe(title);
    expect(heading(title).size).toBeLessThan(19);
    const long = heading("words ".repeat(40));
    expect(long.text).toMatch(/^words .*…$/);
    expect(long.text.length * long.size * 0.6).toBeLessThan(800);
  });

  describe("in a page", () => {
    const page = { width: 300, height: 200 };
    const test = losses.slice(0, 3).map((mse, index) => ({ epoch: index + 1, value: mse + 100 }));
    const options = { test, epochs: 1000 };

    it("has its size, no heading, no legend, and room for the epochs that are to come", () => {
      const svg = chart(losses.slice(0, 3), { ...options, page });
      const [root, ...others] = elementsOf(svg);
      expect(root!.attributes.viewBox).toBe("0 0 300 200");
      expect(root!.attributes.width).toBe(undefined);
      expect(others.map(({ name }) => name)).not.toContain("rect");
      expect(textsOf(svg).filter((text) => /[a-z]/.test(text))).toEqual([]);
      const [curve] = piecesOf(svg, "training");
      expect(curve!.at(-1)![0] - curve![0]![0]).toBeLessThan(1);
      expect(dotsOf(svg, "training")).toEqual([curve!.at(-1)]);
      expect(dotsOf(svg, "test")).toEqual([piecesOf(svg, "test")[0]!.at(-1)]);
      const epochs = elementsOf(svg).filter(({ attributes }) => attributes["text-anchor"] === "middle");
      const places = epochs.map(({ attributes }) => Number(attributes.x));
      expect(epochs.map(({ text }) => text)).toEqual(["1", "200", "400", "600", "800", "1000"]);
      for (let i = 1; i < places.length; i++) expect(places[i]! - places[i - 1]!).toBeGreaterThan(34);
    });

    it("writes out the losses of the epoch at the pointer", () => {
      const at = (pointer?: number) => textsOf(chart(losses, { test, page: { ...page, pointer } }));
      const [curve] = piecesOf(chart(losses, { test, page }), "training");
      expect(at(curve![1]![0] + 1)).toContain("epoch 2: 3,250 · test 3,350");
      expect(at(0)).toContain("epoch 1: 3,700 · test 3,800");
      expect(at(299)).toContain("epoch 100: 1,953");
      expect(at().join()).not.toMatch(/epoch/);
      expect(textsOf(chart([], { page: { ...page, pointer: 5 } }))).toEqual(["1", "no training yet"]);
    });
  });

  it("gives the same text for the same run", () => {
    expect(chart(losses)).toBe(chart(losses));
  });
});

it("of 200,000 losses shows the ends, every spike and every gap in less than 200 kB", () => {
  const many = Array.from({ length: 200_000 }, (_, i) => 1 + Math.sin(i));
  many[0] = 5;
  many[77_777] = 20;
  many.fill(Number.NaN, 123_456, 123_700);
  const test = many.map((value, index) => ({ epoch: index + 1, value: value + 1 }));
  const svg = chart(many, { test, more: [{ kind: "other", values: many }] });
  expect(svg.length).toBeLessThan(200_000);
  for (const curve of ["training", "test"] as const) {
    const pieces = piecesOf(svg, curve);
    expect(pieces).toHaveLength(2);
    const corners = pieces.flat();
    const [left, right] = [corners[0]![0], corners.at(-1)![0]];
    const x = (epoch: number) => left + ((epoch - 1) / 199_999) * (right - left);
    const highest = corners.reduce((a, b) => (b[1] < a[1] ? b : a));
    expect(difference(highest[0], x(77_778))).toBeLessThanOrEqual(0.02);
    expect(difference(pieces[0]!.at(-1)![0], x(123_457))).toBeLessThanOrEqual(0.1);
    expect(difference(pieces[1]![0]![0], x(123_700))).toBeLessThanOrEqual(0.5);
  }
});
