/** Draws points with names as the text of an SVG. */
import { lossScale } from "../src/report/chart-scale.ts";
import { chartFont, element, text } from "../src/report/markup.ts";

export interface ScatterOptions {
  readonly title: string;
  /** What stands beside the axes. */
  readonly x: string;
  readonly y: string;
  /** At least one. */
  readonly points: readonly { readonly label: string; readonly x: number; readonly y: number }[];
}

const WIDTH = 900;
const HEIGHT = 560;
const frame = { left: 76, right: 872, top: 72, bottom: 496 };
const FONT = 13;
/** The width of a character divided by the height of its font, estimated generously. */
const WIDE = 0.56;
const RADIUS = 4.5;
const colors = { text: "#20242b", grid: "#e3e6ea", axis: "#8b929c", point: "#1d5fbf" };

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** A chart of 900 × 560 pixels on white. Each name stands beside its point, where it covers no other if there is such a place. */
export function scatterChart({ title, x, y, points }: ScatterOptions): string {
  const { left, right, top, bottom } = frame;
  const across = lossScale(
    points.map((point) => point.x),
    [],
    8,
  );
  const up = lossScale(
    points.map((point) => point.y),
    [],
    9,
  );
  const placed = points.map(({ label, ...point }) => ({
    label,
    x: left + across.at(point.x) * (right - left),
    y: bottom - up.at(point.y) * (bottom - top),
  }));
  const taken: Box[] = placed.map((point) => boxAround(point.x, point.y, RADIUS, RADIUS));
  const grid = { stroke: colors.grid };
  const parts = [
    element("rect", { width: "100%", height: "100%", fill: "white" }),
    text(title, { x: left, y: 34, "font-size": 19, "font-weight": 600 }),
    text(y, { x: left, y: 58 }),
    text(x, { x: right, y: HEIGHT - 18, "text-anchor": "end" }),
    ...up.ticks.flatMap(({ value, label }) => {
      const at = bottom - up.at(value) * (bottom - top);
      return [
        element("line", { x1: left, y1: at, x2: right, y2: at, ...grid }),
        text(label, { x: left - 10, y: at + FONT / 3, "text-anchor": "end" }),
      ];
    }),
    ...across.ticks.flatMap(({ value, label }) => {
      const at = left + across.at(value) * (right - left);
      return [
        element("line", { x1: at, y1: bottom, x2: at, y2: bottom + 5, stroke: colors.axis }),
        text(label, { x: at, y: bottom + 6 + FONT, "text-anchor": "middle" }),
      ];
    }),
    element("line", { x1: left, y1: bottom, x2: right, y2: bottom, stroke: colors.axis }),
    ...placed.flatMap(({ label, x, y }) => {
      const box = placeOf(label, x, y, taken);
      taken.push(box);
      return [
        element("circle", { cx: x, cy: y, r: RADIUS, fill: colors.point }),
        text(label, { x: box.left, y: box.bottom - FONT / 4 }),
      ];
    }),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-label": `${title}: ${y} against ${x}`,
    "font-family": chartFont,
    "font-size": FONT,
    fill: colors.text,
  };
  return `${element("svg", attributes, `\n${parts.join("\n")}\n`)}\n`;
}

const boxAround = (x: number, y: number, across: number, up: number): Box => ({
  left: x - across,
  right: x + across,
  top: y - up,
  bottom: y + up,
});

/** A place for a name beside a point: the first of some that is free and inside the frame, or the first of all. */
function placeOf(label: string, x: number, y: number, taken: readonly Box[]): Box {
  const across = (label.length * FONT * WIDE) / 2;
  const aside = RADIUS + 4 + across;
  const above = RADIUS + 3 + FONT / 2;
  const places = [
    [aside, 0],
    [-aside, 0],
    [0, -above],
    [0, above],
    [aside, -above],
    [aside, above],
    [-aside, -above],
    [-aside, above],
  ].map(([dx, dy]) => boxAround(x + dx!, y + dy!, across, FONT / 2));
  const free = places.find(
    (box) =>
      box.left > frame.left &&
      box.right < frame.right &&
      box.bottom < frame.bottom &&
      !taken.some((other) => overlap(box, other)),
  );
  return free ?? places[0]!;
}
