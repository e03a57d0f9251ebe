/** The curves of a loss chart, other lines beside them, and what is read out of them at an epoch. */
import { tickLabel } from "./chart-scale.ts";
import { element, round, text } from "./markup.ts";

/** The colours in the file. A page's style sheet sets its own for the same classes. */
export const colors = {
  text: "#20242b",
  axis: "#8b929c",
  grid: "#e3e6ea",
  reference: "#5f6670",
  training: "#1d5fbf",
  test: "#c8501e",
};
/** With more test points than these, the line alone is drawn. */
const MOST_DOTS = 30;

/** Of a line with more points than this, the lowest and the highest of each few neighbours are drawn. */
const MOST_POINTS = 4000;

/** What a chart in a page needs to know of it. */
export interface ChartInPage {
  /** The chart's size in pixels, as is the height. */
  readonly width: number;
  readonly height: number;
  /** The pointer's distance from the left edge: the nearest epoch is read out. */
  readonly pointer?: number | undefined;
  /** The epoch that is read out, where no pointer says it. */
  readonly epoch?: number | undefined;
  /** What is said of an epoch. Default: the losses that the curves show. */
  readonly readout?: (epoch: number) => string;
}

export type Point = readonly [epoch: number, loss: number];

/** The size of the chart, and the edges of the area in it that the curves are drawn in. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly fontSize: number;
}

export interface Plot extends Frame {
  x(epoch: number): number;
  y(loss: number): number;
}

/**
 * A line with gaps where there is no finite loss. Dots show what the line does not: losses without neighbours, losses
 * that were measured only in some epochs, and the last loss of a training that is being watched.
 */
export function curve(
  name: "training" | "test",
  points: readonly Point[],
  plot: Plot,
  watched: boolean,
): string[] {
  const shown = points.filter(isThere);
  if (shown.length === 0) return [];
  const nowAndThen =
    shown.length <= MOST_DOTS &&
    points.some(([epoch], index) => index > 0 && epoch > points[index - 1]![0] + 1);
  const dots = points.filter((point, index) => {
    const alone = !isThere(points[index - 1]) && !isThere(points[index + 1]);
    return isThere(point) && (alone || nowAndThen || (watched && point === shown.at(-1)));
  });
  const stroke = { stroke: colors[name], "stroke-width": 2.25, "stroke-linejoin": "round", fill: "none" };
  return [
    element("path", { class: name, d: pathOf(points, plot), ...stroke }),
    ...dots.map(([epoch, loss]) =>
      element("circle", { class: name, cx: plot.x(epoch), cy: plot.y(loss), r: 3.5, fill: colors[name] }),
    ),
  ];
}

/** A thin line with gaps where there is no finite value, dashed as its index says, with its name at its right end. */
export function thinLine(
  kind: string,
  label: string | undefined,
  values: readonly number[],
  index: number,
  { x, y, right, fontSize }: Plot,
): string[] {
  const points = values.map((value, epoch): Point => [epoch + 1, value]);
  const last = points.findLast(isThere);
  if (!last) return [];
  const dashes = label === undefined ? {} : { "stroke-dasharray": `${7 - index} ${3 + 2 * index}` };
  const line = {
    class: kind,
    d: pathOf(points, { x, y }),
    stroke: colors.reference,
    fill: "none",
    ...dashes,
  };
  const atEnd = x(last[0]) > right - fontSize;
  const place = {
    x: x(last[0]) + (atEnd ? -6 : 6),
    y: y(last[1]) - 4,
    "text-anchor": atEnd ? "end" : "start",
  };
  return [
    element("path", line),
    ...(label === undefined ? [] : [text(label, { class: kind, ...place, fill: colors.reference })]),
  ];
}

/** A vertical line at the epoch that is read out, with what is said of it beside it. */
export function cursor(
  { top, bottom, width, fontSize, x }: Plot,
  { pointer, epoch: chosen, readout }: ChartInPage,
  trained: readonly Point[],
  tested: readonly Point[],
): string[] {
  if (pointer === undefined && chosen === undefined) return [];
  const distance = ([epoch]: Point) =>
    pointer === undefined ? Math.abs(epoch - chosen!) : Math.abs(x(epoch) - pointer);
  const [epoch, loss] = trained.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const test = tested.find(([tested]) => tested === epoch);
  const losses = `${tickLabel(loss)}${test ? ` · test ${tickLabel(test[1])}` : ""}`;
  const at = x(epoch);
  const right = at > width / 2;
  return [
    element("line", { class: "cursor", x1: at, y1: top, x2: at, y2: bottom, stroke: colors.axis }),
    text(`epoch ${epoch}: ${readout?.(epoch) ?? losses}`, {
      class: "cursor",
      x: at + (right ? -8 : 8),
      y: top + fontSize,
      "text-anchor": right ? "end" : "start",
    }),
  ];
}

const isThere = (point: Point | undefined): point is Point =>
  point !== undefined && Number.isFinite(point[1]);

/** The points as the path of an SVG, with gaps where a value is not finite. */
function pathOf(points: readonly Point[], { x, y }: Pick<Plot, "x" | "y">): string {
  const drawn = thinned(points);
  const corners = drawn.map((point, index) =>
    isThere(point)
      ? `${isThere(drawn[index - 1]) ? "L" : "M"}${round(x(point[0]))},${round(y(point[1]))}`
      : "",
  );
  return corners.join("");
}

/** The points that are drawn: of many, the ends, and of each few neighbours the lowest, the highest and a gap. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const few = Math.ceil(points.length / (MOST_POINTS / 2));
  return Array.from({ length: Math.ceil(points.length / few) }, (_, index) => {
    const group = points.slice(index * few, (index + 1) * few);
    const there = group.filter(isThere);
    const lowest = there.reduce((a, b) => (b[1] < a[1] ? b : a), there[0]!);
    const highest = there.reduce((a, b) => (b[1] > a[1] ? b : a), there[0]!);
    const gap = group.find((point) => !isThere(point));
    const kept = new Set([points[0], points.at(-1), lowest, highest, gap]);
    return group.filter((point) => kept.has(point));
  }).flat();
}
