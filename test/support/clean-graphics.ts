/**
 * Pictures without noise that no camera took: drawings, pages of text, screenshots, dithers, patterns. A denoiser has to
 * give them back as they are. They come from formulas and fixed seeds, so they are always the same.
 */
import { Purpose, Random } from "../../src/noise/rng.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { eachInkPixel, glyphHeight } from "../../src/report/pixel-font.ts";

export interface CleanGraphic extends Required<Picture<Uint8Array>> {
  readonly name: string;
}

/** The value, or red, green, blue and perhaps alpha, at a place given in pixels. */
type Shade = (x: number, y: number) => number | readonly number[];

const WIDTH = 208;
const HEIGHT = 176;

/** Paints a picture. With `smooth`, a pixel is the mean over 3×3 points in it: edges are anti-aliased. */
function paint(name: string, shade: Shade, smooth = false): CleanGraphic {
  const channels = [shade(0, 0)].flat().length;
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * channels);
  const points = smooth ? [1 / 6, 1 / 2, 5 / 6] : [1 / 2];
  const sums = new Float64Array(channels);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      sums.fill(0);
      for (const dy of points) {
        for (const dx of points) {
          const values = shade(x + dx, y + dy);
          if (typeof values === "number") sums[0]! += values;
          else for (let c = 0; c < channels; c++) sums[c]! += values[c]!;
        }
      }
      for (let c = 0; c < channels; c++) data[at++] = Math.round(sums[c]! / points.length ** 2);
    }
  }
  return { name, data: new Uint8Array(data.buffer), width: WIDTH, height: HEIGHT, channels };
}

/** Numbers from 0 to 1, always the same for a seed. */
function numbers(count: number, seed: number): number[] {
  const random = new Random(seed, Purpose.testNoise, 0);
  return Array.from({ length: count }, () => random.uniform());
}

const checks =
  (side: number, dark: number, light: number): Shade =>
  (x, y) =>
    (Math.floor(x / side) + Math.floor(y / side)) % 2 ? light : dark;

/** A page of text: where there is ink. The font's pixels are `scale` pixels wide. */
function page(scale: number, lines: readonly string[]): (x: number, y: number) => boolean {
  const pitch = glyphHeight + 3;
  const columns = Math.ceil(WIDTH / scale);
  const ink = new Uint8Array(columns * Math.ceil(HEIGHT / scale));
  for (let row = 0; (row + 1) * pitch < HEIGHT / scale; row++) {
    eachInkPixel(lines[row % lines.length]!, (x, y) => {
      if (x + 4 < columns) ink[(row * pitch + y + 4) * columns + x + 4] = 1;
    });
  }
  return (x, y) => ink[Math.floor(y / scale) * columns + Math.floor(x / scale)] === 1;
}
const sentences = [
  "The quick brown fox jumps over the lazy dog, again and again.",
  "Pack my box with five dozen liquor jugs (12 + 34 = 46).",
  "How vexingly quick daft zebras jump! 100 % of them, at least.",
  "Sphinx of black quartz, judge my vow: 3, 14, 15, 92, 65, 35.",
];
const written = (
  scale: number,
  ink: number | readonly number[],
  paper: number | readonly number[],
): Shade => {
  const isInk = page(scale, sentences);
  return (x, y) => (isInk(x, y) ? ink : paper);
};

/** Brightness that changes slowly, such as of a page under a lamp, from 0 to 1. */
const lit: Shade = (x, y) => 1 - ((x / WIDTH - 0.4) ** 2 + (y / HEIGHT - 0.3) ** 2) / 2;

/** Discs in flat colours with dark outlines. */
function cartoon(count: number, seed: number, outline: number): Shade {
  const n = numbers(6 * count, seed);
  const discs = Array.from({ length: count }, (_, i) => ({
    x: n[6 * i]! * WIDTH,
    y: n[6 * i + 1]! * HEIGHT,
    radius: 8 + 30 * n[6 * i + 2]!,
    colour: n.slice(6 * i + 3, 6 * i + 6).map((value) => Math.round(255 * value)),
  }));
  return (x, y) => {
    for (const { x: left, y: top, radius, colour } of discs) {
      const distance = Math.sqrt((x - left) ** 2 + (y - top) ** 2);
      if (distance < radius) return distance > radius - outline ? [20, 20, 30] : colour;
    }
    return y < HEIGHT / 2 ? [120, 180, 240] : [90, 170, 70];
  };
}

/** Straight strokes between random points. */
function strokes(count: number, seed: number, thickness: number, ink: number, paper: number): Shade {
  const n = numbers(4 * count, seed);
  const lines = Array.from({ length: count }, (_, i) => {
    const [x, y] = [n[4 * i]! * WIDTH, n[4 * i + 1]! * HEIGHT];
    const [dx, dy] = [(n[4 * i + 2]! - 0.5) * 160, (n[4 * i + 3]! - 0.5) * 160];
    return { x, y, dx, dy, square: dx * dx + dy * dy };
  });
  return (x, y) => {
    for (const line of lines) {
      const along = ((x - line.x) * line.dx + (y - line.y) * line.dy) / line.square;
      const t = Math.min(1, Math.max(0, along));
      const [ox, oy] = [x - line.x - t * line.dx, y - line.y - t * line.dy];
      if (ox * ox + oy * oy < (thickness * thickness) / 4) return ink;
    }
    return paper;
  };
}

/** A window with a title bar, a list, buttons and text, as on a screen. */
function screenshot(dark: boolean): Shade {
  const isInk = page(1, sentences);
  const [back, front, bar] = dark
    ? [[30, 31, 34], [188, 190, 196], 60]
    : [[255, 255, 255], [31, 35, 40], 232];
  return (x, y) => {
    if (y < 18) return [bar - y, bar - y, bar + 6 - y];
    if (x < 44) return Math.floor(y / 14) % 4 === 1 ? [60, 110, 220] : [bar, bar, bar];
    if (y > HEIGHT - 22 && Math.floor(x / 40) % 2) return x % 40 < 2 ? [90, 90, 90] : [46, 160, 67];
    return isInk(x - 44, y) ? front! : back!;
  };
}

/** A ramp in few values by a threshold matrix (Bayer's), as old printers and GIF files have it. */
function ordered(order: number, values: number): Shade {
  const threshold = (x: number, y: number): number => {
    let sum = 0;
    for (let bit = 0; bit < order; bit++) {
      const [u, v] = [(x >> bit) & 1, (y >> bit) & 1];
      sum = 4 * sum + 2 * (u ^ v) + v;
    }
    return (sum + 0.5) / 4 ** order;
  };
  return (x, y) => {
    const wanted = ((x / WIDTH + y / HEIGHT) / 2) * (values - 1);
    const level = Math.floor(wanted) + Number(wanted % 1 > threshold(Math.floor(x), Math.floor(y)));
    return Math.round((level * 255) / (values - 1));
  };
}

/** Floyd and Steinberg's dither of a smooth picture. */
function diffused(values: number): Shade {
  const error = new Float64Array((WIDTH + 2) * (HEIGHT + 1));
  const result = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const at = y * (WIDTH + 2) + x + 1;
      const wanted = 255 * ((lit(x, y) as number) * (0.5 + (x / WIDTH) * 0.4)) + error[at]!;
      const level = Math.min(values - 1, Math.max(0, Math.round((wanted / 255) * (values - 1))));
      result[y * WIDTH + x] = (level * 255) / (values - 1);
      const left = wanted - (level * 255) / (values - 1);
      for (const [to, part] of [
        [1, 7],
        [WIDTH + 1, 3],
        [WIDTH + 2, 5],
        [WIDTH + 3, 1],
      ] as const)
        error[at + to]! += (left * part) / 16;
    }
  }
  return (x, y) => result[Math.floor(y) * WIDTH + Math.floor(x)]!;
}

/** Squares that are black or white by chance, as in a QR code. */
function chance(side: number, values: readonly number[], seed: number): Shade {
  const across = Math.ceil(WIDTH / side);
  const drawn = numbers(across * Math.ceil(HEIGHT / side), seed);
  return (x, y) =>
    values[Math.floor(values.length * drawn[Math.floor(y / side) * across + Math.floor(x / side)]!)]!;
}

const bars = chance(2, [0, 255], 4);
const barCode: Shade = (x) => bars(x, 0);

/** Black dots on white, the larger the darker the smooth picture is there. */
const halftone =
  (pitch: number): Shade =>
  (x, y) => {
    const [u, v] = [(x + y) / pitch, (x - y) / pitch];
    const radius = 0.55 * Math.sqrt(1 - 0.9 * (x / WIDTH));
    return (u - Math.round(u)) ** 2 + (v - Math.round(v)) ** 2 < radius * radius ? 0 : 255;
  };

/** A sawtooth of rings that grow finer from a corner: (x² + y²) / `spread`. */
const rings =
  (spread: number): Shade =>
  (x, y) => {
    const t = ((x * x + y * y) / spread) % 1;
    return 40 + 340 * Math.min(t, 1 - t);
  };

/** A smooth scene, without texture: hills under a sky. */
const scene: Shade = (x, y) => {
  const hill = HEIGHT * (0.55 + 0.8 * (x / WIDTH) * (1 - x / WIDTH) * (0.3 - x / WIDTH));
  const near = Math.min(1, Math.max(0, (y - hill) / 3 + 0.5));
  const light = lit(x, y) as number;
  return [90, 140, 220].map(
    (sky, c) => (1 - near) * sky * light + near * [70, 110, 40][c]! * (0.6 + y / HEIGHT / 2),
  );
};
const framed =
  (inside: Shade, margin: number, frame: readonly number[], sides: boolean): Shade =>
  (x, y) =>
    y < margin || y >= HEIGHT - margin || (sides && (x < margin || x >= WIDTH - margin))
      ? frame
      : inside(x, y);

/** A picture with alpha: transparent outside a disc, where its colour is `hidden` or what the drawing has there. */
const cutOut =
  (inside: Shade, hidden: readonly number[] | undefined): Shade =>
  (x, y) => {
    const isIn = (x - WIDTH / 2) ** 2 + (y - HEIGHT / 2) ** 2 < 75 ** 2;
    return [...((isIn ? undefined : hidden) ?? (inside(x, y) as readonly number[])), isIn ? 255 : 0];
  };

const line =
  (slope: readonly number[], base: readonly number[]): Shade =>
  (x, y) =>
    base.map((value, c) => value + slope[2 * c]! * x + slope[2 * c + 1]! * y);

/** All of them, 66 in number, grey, RGB and RGBA, of 208 × 176 pixels. */
export function cleanGraphics(): CleanGraphic[] {
  return [
    ...[1, 2, 3, 5, 8, 16].map((side) => paint(`checks of ${side}`, checks(side, 0, 255))),
    ...[1, 3, 8].map((side) => paint(`pale checks of ${side}`, checks(side, 100, 140))),
    paint("checks of 1 in colour", (x, y) =>
      (Math.floor(x) + Math.floor(y)) % 2 ? [230, 40, 60] : [20, 90, 200],
    ),
    ...[1, 2, 3, 4].map((order) => paint(`ordered dither ${order}`, ordered(order, 2))),
    ...[4, 16].map((values) => paint(`ordered dither in ${values} values`, ordered(3, values))),
    ...[2, 3, 8].map((values) => paint(`diffused dither in ${values} values`, diffused(values))),
    ...[1, 2, 4, 9].map((side) => paint(`random squares of ${side}`, chance(side, [0, 255], side))),
    paint("random squares of 3 in grey values", chance(3, [0, 60, 120, 180, 255], 5)),
    paint("bar code", barCode),
    ...[4, 7].map((pitch) => paint(`halftone of ${pitch}`, halftone(pitch))),
    paint("halftone of 6, anti-aliased", halftone(6), true),
    ...[300, 900, 4000].map((spread) => paint(`rings, ${spread}`, rings(spread), true)),
    paint("ramp across", (x) => (255 * x) / WIDTH),
    paint("ramp in colour", line([0.6, 0.1, -0.5, 0.4, 0.2, 0.9], [60, 160, 20])),
    paint("faint ramp", line([0.02, 0.03, 0.03, 0.02, 0.01, 0.04], [120, 130, 125])),
    paint("lamp", (x, y) => 200 * (lit(x, y) as number)),
    paint("scene", scene, true),
    paint("scene, letterboxed", framed(scene, 24, [0, 0, 0], false)),
    paint("scene, framed in white", framed(scene, 12, [255, 255, 255], true)),
    paint("scene, framed in grey", framed(scene, 16, [128, 130, 126], true)),
    ...[1, 2, 3].map((scale) => paint(`text, ${scale}`, written(scale, 0, 255))),
    ...[1.3, 1.7, 2.4].map((scale) => paint(`text, ${scale}, anti-aliased`, written(scale, 0, 255), true)),
    paint("text, white on black", written(1.4, 255, 0), true),
    paint("text in colour", written(1.6, [120, 20, 40], [250, 244, 220]), true),
    paint("text, pale", written(1.4, 150, 190), true),
    ...[1, 1.5, 2.2].map((scale) => {
      const isInk = page(scale, sentences);
      return paint(
        `scan of text, ${scale}`,
        (x, y) => (lit(x, y) as number) * (isInk(x, y) ? 50 : 235),
        true,
      );
    }),
    ...[false, true].map((dark) => paint(dark ? "screenshot, dark" : "screenshot", screenshot(dark))),
    ...[10, 40, 150].map((count) => paint(`cartoon of ${count}`, cartoon(count, count, 2), true)),
    paint("shapes without outlines", cartoon(60, 9, 0)),
    ...[10, 50, 200].map((count) => paint(`strokes, ${count}`, strokes(count, count, 1.5, 0, 255), true)),
    paint("strokes, grey", strokes(60, 7, 2.5, 90, 170), true),
    paint("hatching", (x, y) => ((x + 2 * y) % 5 < 1.4 && x % 60 < 44 ? 30 : 225), true),
    paint("stripes", (x) => (x % 3 < 1.5 ? 30 : 220), true),
    paint("cartoon on transparent black", cutOut(cartoon(40, 3, 2), [0, 0, 0]), true),
    paint("cartoon, transparent outside", cutOut(cartoon(40, 3, 2), undefined), true),
    paint("scene on transparent white", cutOut(scene, [255, 255, 255])),
  ];
}
