/** The loss of a training as it grows: an SVG that follows its element's width. */
import { epochTicks, spansDecades, tickLabel } from "../src/report/chart-scale.ts";

export interface LossPoint {
  readonly epoch: number;
  readonly training: number;
  /** Left out where it was not measured. */
  readonly test?: number;
}

const margin = { left: 52, right: 12, top: 8, bottom: 24 };

export class LossChart {
  #points: readonly LossPoint[] = [];
  #epochs = 1;
  /** Where the pointer is, in pixels from the left. */
  #pointer: number | undefined;

  constructor(private readonly element: HTMLElement) {
    new ResizeObserver(() => this.#draw()).observe(element);
    element.addEventListener("pointermove", ({ clientX }) => {
      this.#pointer = clientX - element.getBoundingClientRect().left;
      this.#draw();
    });
    element.addEventListener("pointerleave", () => {
      this.#pointer = undefined;
      this.#draw();
    });
  }

  /** @param epochs of the whole training */
  show(points: readonly LossPoint[], epochs: number): void {
    this.#points = points;
    this.#epochs = epochs;
    this.#draw();
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    const svg = svgElement("svg", {
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": this.#summary(),
    });
    this.element.replaceChildren(svg);
    const points = this.#points;
    const last = Math.max(2, this.#epochs);
    const x = (epoch: number) =>
      margin.left + ((epoch - 1) / (last - 1)) * (width - margin.left - margin.right);
    const bottom = height - margin.bottom;
    line(svg, "axis", margin.left, bottom, width - margin.right, bottom);
    const ticks = epochTicks(last);
    // As many labels as fit.
    const every = Math.ceil((ticks.length * 34) / (width - margin.left));
    ticks
      .filter((_, index) => index % every === 0)
      .forEach((tick) => {
        label(svg, String(tick), x(tick), height - 6, "middle");
      });
    if (points.length === 0) {
      label(svg, "no training yet", (margin.left + width) / 2, bottom / 2, "middle").classList.add("empty");
      return;
    }
    const values = points.flatMap(({ training, test }) =>
      test === undefined ? [training] : [training, test],
    );
    const scale = spansDecades(values) ? logScale(values) : linearScale(values);
    const y = (value: number) => bottom - scale.at(value) * (bottom - margin.top);
    for (const tick of scale.ticks) {
      line(svg, "gridline", margin.left, y(tick), width - margin.right, y(tick));
      label(svg, tickLabel(tick), margin.left - 8, y(tick) + 4, "end");
    }
    for (const name of ["training", "test"] as const) {
      const corners = points.flatMap(({ epoch, [name]: loss }) =>
        loss === undefined ? [] : [[x(epoch).toFixed(1), y(loss).toFixed(1)] as const],
      );
      const end = corners.at(-1);
      if (!end) continue;
      svg.append(
        svgElement("path", { class: name, d: `M${corners.map((corner) => corner.join(" ")).join("L")}` }),
      );
      svg.append(svgElement("circle", { class: name, cx: end[0], cy: end[1], r: 3.5 }));
    }
    if (this.#pointer !== undefined) this.#drawCursor(svg, x, bottom, width);
  }

  /** The losses of the epoch under the pointer. */
  #drawCursor(svg: SVGElement, x: (epoch: number) => number, bottom: number, width: number): void {
    const distance = (point: LossPoint) => Math.abs(x(point.epoch) - this.#pointer!);
    const nearest = this.#points.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    const at = x(nearest.epoch);
    line(svg, "cursor", at, margin.top, at, bottom);
    const { epoch, training, test } = nearest;
    const text = `epoch ${epoch}: ${tickLabel(training)}${test === undefined ? "" : ` · test ${tickLabel(test)}`}`;
    const right = at > width / 2;
    label(svg, text, at + (right ? -8 : 8), margin.top + 10, right ? "end" : "start");
  }

  #summary(): string {
    const end = this.#points.at(-1);
    if (!end) return "Loss over the epochs; none yet";
    const test = end.test === undefined ? "" : ` and ${tickLabel(end.test)} on the test pictures`;
    return `Loss over the epochs: ${tickLabel(end.training)} in training${test} after epoch ${end.epoch}`;
  }
}

interface Scale {
  /** 0 at the bottom, 1 at the top. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

function linearScale(values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = niceStep((high - low || high || 1) / 4);
  const [from, to] = [Math.floor(low / step) * step, Math.ceil(high / step) * step || step];
  const range = to > from ? to - from : step;
  const ticks = Array.from({ length: Math.round(range / step) + 1 }, (_, index) => from + index * step);
  return { at: (value) => (value - from) / range, ticks };
}

function logScale(values: readonly number[]): Scale {
  const [low, high] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at: (value) => (Math.log10(value) - low) / (high - low), ticks };
}

/** 1, 2 or 5 times a power of ten, at least `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= step)!;
}

function svgElement(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

function line(svg: SVGElement, kind: string, x1: number, y1: number, x2: number, y2: number): void {
  svg.append(svgElement("line", { class: kind, x1, y1, x2, y2 }));
}

function label(svg: SVGElement, text: string, x: number, y: number, anchor: string): SVGElement {
  const element = svgElement("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  svg.append(element);
  return element;
}
