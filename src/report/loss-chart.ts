/** Draws the loss curve as the text of an SVG, for a file in the run folder or for a web page. */

import {
  type ChartInPage,
  colors,
  cursor,
  curve,
  type Frame,
  type Plot,
  type Point,
  thinLine,
} from "./chart-lines.ts";
import { epochTicks, lossScale, type Scale, tickLabel } from "./chart-scale.ts";
import { chartFont, element, text } from "./markup.ts";

export interface LossChartOptions {
  readonly title: string;
  /** The training losses of epochs 1, 2, … */
  readonly losses: readonly number[];
  /** What was measured on the test set, for the epochs in which it was, in their order: squared error, or what `unit` says. */
  readonly test?: readonly { readonly epoch: number; readonly value: number }[];
  /** Horizontal lines to compare the curves with, such as the error of the noisy input. */
  readonly reference?: readonly { readonly label: string; readonly value: number }[];
  /** What the values are, in the chart's description. Default "loss". */
  readonly unit?: "loss" | "PSNR";
  /** Thin lines below the curves, such as those of other trainings: their values in epochs 1, 2, …, and a name for their right end. */
  readonly more?: readonly {
    readonly kind: string;
    readonly label?: string;
    readonly values: readonly number[];
  }[];
  /** Default: logarithmic if the losses span more than a factor of 20. */
  readonly axis?: "linear" | "logarithmic";
  /** The number of epochs of the whole training, if not all of them are done. */
  readonly epochs?: number;
  /** For a page with its own heading and legend. */
  readonly page?: ChartInPage;
}

/** The width of a character divided by the height of its font, estimated generously. */
const WIDE = 0.6;
const WIDE_BOLD = 0.64;

/**
 * Draws the loss over the epochs as the text of an SVG. Without `page` it can be shown on its own: 900 × 500 pixels, with
 * a white background, a heading and a legend.
 * Epochs without a finite loss leave a gap in the line. Colours are attributes, so that a page's style sheet overrides
 * them.
 */
export function lossChart(options: LossChartOptions): string {
  const { title, losses, test = [], reference = [], more = [], page } = options;
  const tested = test.map(({ epoch, value }): Point => [epoch, value]);
  const trained = losses.map((loss, index): Point => [index + 1, loss]);
  const lines = reference.filter(({ value }) => Number.isFinite(value));
  const finite = [...trained, ...tested].map(([, loss]) => loss).filter(Number.isFinite);
  const others = more.flatMap(({ values }) => values.filter(Number.isFinite));
  const lengths = [losses, ...more.map(({ values }) => values)].map(({ length }) => length);
  const last = Math.max(1, options.epochs ?? 0, ...lengths, test.at(-1)?.epoch ?? 0);

  const frame = page ? frameOfPage(page) : fileFrame;
  const beside = [...lines.map(({ value }) => value), ...others, ...(last === 1 && !page ? [0] : [])];
  const most = Math.floor((frame.bottom - frame.top) / 40);
  const scale = finite.length + others.length > 0 ? lossScale(finite, beside, most, options.axis) : undefined;
  const plot = plotOf(frame, scale, last);
  const parts = [
    ...(page ? [] : heading(title, test.length > 0, frame)),
    ...(scale ? [...axisOf(plot, scale), ...referenceLines(plot, lines)] : []),
    ...epochAxis(plot, last, !page),
    ...(scale
      ? [
          ...more.flatMap(({ kind, label, values }, index) => thinLine(kind, label, values, index, plot)),
          ...curve("training", trained, plot, !!page),
          ...curve("test", tested, plot, !!page),
        ]
      : [
          text(losses.length > 0 ? "no finite loss" : "no training yet", {
            class: "empty",
            x: (plot.left + plot.right) / 2,
            y: (plot.top + plot.bottom) / 2,
            "text-anchor": "middle",
            fill: colors.reference,
          }),
        ]),
    ...(page && losses.length > 0 ? cursor(plot, page, trained, tested) : []),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${frame.width} ${frame.height}`,
    ...(page ? {} : { width: frame.width, height: frame.height }),
    role: "img",
    "aria-label": `${title}: ${summary(options)}`,
    "font-family": chartFont,
    "font-size": frame.fontSize,
    fill: colors.text,
  };
  return `${element("svg", attributes, `\n${parts.join("\n")}\n`)}\n`;
}

const fileFrame: Frame = {
  width: 900,
  height: 500,
  left: 76,
  right: 872,
  top: 92,
  bottom: 444,
  fontSize: 14,
};

function frameOfPage({ width, height }: { width: number; height: number }): Frame {
  return { width, height, left: 52, right: width - 12, top: 8, bottom: height - 24, fontSize: 12 };
}

/** The frame, with room made at the left for the labels of its scale. */
function plotOf(frame: Frame, scale: Scale | undefined, last: number): Plot {
  const longest = Math.max(0, ...(scale?.ticks ?? []).map(({ label }) => label.length));
  const left = Math.max(frame.left, 16 + longest * frame.fontSize * WIDE);
  const { top, bottom, fontSize } = frame;
  // The last epoch's number stands around the right end.
  const right = Math.min(frame.right, frame.width - 4 - (String(last).length * fontSize * WIDE) / 2);
  return {
    ...frame,
    left,
    right,
    // A single epoch is drawn in the middle.
    x: (epoch) => left + (last === 1 ? 0.5 : (epoch - 1) / (last - 1)) * (right - left),
    y: (loss) => bottom - (scale?.at(loss) ?? 0) * (bottom - top),
  };
}

/** The white background, the title and the legend. */
function heading(title: string, hasTest: boolean, { left, right }: Frame): string[] {
  const fits = (size: number) => (right - left) / (size * WIDE_BOLD);
  const size = [19, 17, 15].find((size) => title.length <= fits(size)) ?? 15;
  const legend = (["training", "test"] as const).slice(0, hasTest ? 2 : 1).flatMap((name, index) => {
    const x = left + 150 * index;
    const stroke = colors[name];
    const dot = { cx: x + 13, cy: 59, r: 3.5, fill: stroke };
    return [
      element("line", { x1: x, y1: 59, x2: x + 26, y2: 59, stroke, "stroke-width": 2.25 }),
      ...(name === "test" ? [element("circle", dot)] : []),
      text(`${name} loss`, { x: x + 34, y: 64 }),
    ];
  });
  return [
    element("rect", { width: "100%", height: "100%", fill: "white" }),
    text(shortened(title, fits(size)), { x: left, y: 34, "font-size": size, "font-weight": 600 }),
    ...legend,
  ];
}

/** The grid lines, with the losses written beside them. */
function axisOf({ left, right, fontSize, y }: Plot, { ticks }: Scale): string[] {
  return ticks.flatMap(({ value, label }) => [
    element("line", {
      class: "gridline",
      x1: left,
      y1: y(value),
      x2: right,
      y2: y(value),
      stroke: colors.grid,
    }),
    text(label, { x: left - 10, y: y(value) + fontSize / 3, "text-anchor": "end" }),
  ]);
}

function epochAxis(plot: Plot, last: number, named: boolean): string[] {
  const { left, right, bottom, height, fontSize, x } = plot;
  const room = (right - left) / Math.max(34, (String(last).length + 1) * fontSize * WIDE);
  const line = { class: "axis", stroke: colors.axis };
  return [
    element("line", { ...line, x1: left, y1: bottom, x2: right, y2: bottom }),
    ...epochTicks(last, room).flatMap((epoch) => [
      element("line", { ...line, x1: x(epoch), y1: bottom, x2: x(epoch), y2: bottom + 5 }),
      text(String(epoch), { x: x(epoch), y: bottom + 6 + fontSize, "text-anchor": "middle" }),
    ]),
    ...(named ? [text("epoch", { x: (left + right) / 2, y: height - 12, "text-anchor": "middle" })] : []),
  ];
}

/** Reference lines. The name of each is above its right end, or below if another name is in the way. */
function referenceLines(plot: Plot, references: NonNullable<LossChartOptions["reference"]>): string[] {
  const { left, right, fontSize, y } = plot;
  const line = {
    class: "reference",
    stroke: colors.reference,
    "stroke-width": 1.5,
    "stroke-dasharray": "6 5",
  };
  let free = Number.NEGATIVE_INFINITY;
  const sorted = [...references].sort((a, b) => b.value - a.value);
  const lines = sorted.map(({ value }) =>
    element("line", { ...line, x1: left, y1: y(value), x2: right, y2: y(value) }),
  );
  const names = sorted.map(({ label, value }) => {
    const above = y(value) - 8;
    const baseline = above - fontSize < free ? Math.max(y(value) + 4, free) + fontSize : above;
    free = baseline + 4;
    const figure = `: ${tickLabel(value)}`;
    const room = (right - left) / (fontSize * WIDE) - figure.length;
    const place = { class: "reference", x: right, y: baseline, "text-anchor": "end", fill: colors.reference };
    const halo = { stroke: "white", "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" };
    return text(`${shortened(label, room)}${figure}`, { ...place, ...halo });
  });
  return [...lines, ...names];
}

/** A sentence with the last losses of the curves. */
function summary({ losses, test = [], unit = "loss" }: LossChartOptions): string {
  const trained = losses.findLastIndex((loss) => !Number.isNaN(loss));
  if (trained < 0) return losses.length === 0 ? "no training yet" : `no ${unit} yet`;
  const tested = test.at(-1);
  const atTest = tested && `, test ${unit} ${tickLabel(tested.value)} after epoch ${tested.epoch}`;
  return `training ${unit} ${tickLabel(losses[trained]!)} after epoch ${trained + 1}${atTest ?? ""}`;
}

/** The text cut to at most `most` characters, the last of which is then an ellipsis. */
function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, Math.floor(most) - 1)
        .join("")
        .trimEnd()}…`;
}
