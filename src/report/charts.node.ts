import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { epochTicks, spansDecades, tickLabel } from "./chart-scale.ts";

export interface LossChartOptions {
  readonly title: string;
  /** Training loss of epoch 1, 2, … */
  readonly losses: readonly number[];
  /** Mean squared error on the test set, for the epochs in which it was measured. */
  readonly test?: readonly { epoch: number; mse: number }[];
  /** Horizontal lines to compare with, such as the error of the noisy input. */
  readonly reference?: readonly { label: string; value: number }[];
}

const width = 900;
const height = 500;
const left = 76;
const trainingColor = "#1d5fbf";
const testColor = "#c8501e";
const referenceColor = "#5f6670";
const textColor = "#20242b";
const axisColor = "#8b929c";
const gridColor = "#e3e6ea";
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/**
 * Loss over epochs as the text of an SVG file that opens by itself: 900 × 500, white background. The y axis
 * is logarithmic where the largest loss is more than 20 times the smallest. Epochs without a finite loss
 * leave a gap in the line.
 */
export function lossChart({ title, losses, test = [], reference = [] }: LossChartOptions): string {
  // An XML document, not an HTML one: its serializer escapes < and & in attributes too.
  const document = new DOMParser().parseFromString("<svg/>", "image/svg+xml") as unknown as Document;
  const training = losses.map((loss, i) => ({ epoch: i + 1, loss }));
  const tested = test.map(({ epoch, mse }) => ({ epoch, loss: mse }));
  const lastEpoch = Math.max(2, losses.length, ...test.map(({ epoch }) => epoch));
  const log = spansDecades(losses);
  const points = { x: "epoch", y: "loss" };

  const svg = Plot.plot({
    document,
    width,
    height,
    marginLeft: left,
    marginRight: 28,
    marginTop: 92,
    marginBottom: 56,
    style: { fontFamily: font, fontSize: "14px", color: textColor },
    x: { domain: [1, lastEpoch], label: null },
    y: { type: log ? "log" : "linear", zero: losses.length === 1, nice: !log && 6, label: null },
    marks: [
      Plot.gridY({ stroke: gridColor, strokeOpacity: 1, ticks: 6 }),
      Plot.axisY({ ticks: 6, tickFormat: log ? "," : tickLabel, tickSize: 0, tickPadding: 10 }),
      Plot.axisX({ ticks: epochTicks(lastEpoch), tickFormat: "d", stroke: axisColor, fill: textColor }),
      Plot.frame({ anchor: "bottom", stroke: axisColor }),
      Plot.ruleY(reference, { y: "value", stroke: referenceColor, strokeWidth: 1.5, strokeDasharray: "6 5" }),
      Plot.text(reference, {
        x: lastEpoch,
        y: "value",
        text: ({ label, value }) => `${label}: ${tickLabel(value)}`,
        textAnchor: "end",
        dy: -10,
        fill: referenceColor,
        stroke: "white",
        strokeWidth: 4,
      }),
      Plot.line(training, { ...points, stroke: trainingColor, strokeWidth: 2.25 }),
      Plot.line(tested, { ...points, stroke: testColor, strokeWidth: 2.25 }),
      Plot.dot(training.length === 1 ? training : [], { ...points, fill: trainingColor, r: 4 }),
      Plot.dot(tested.length <= 30 ? tested : [], { ...points, fill: testColor, r: 3.5 }),
    ],
  }) as unknown as Element;

  // Plot's own style sheet is for a page; a file has its colours as attributes and a background of its own.
  svg.querySelector("style")?.remove();
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", title);
  const background = element(document, "rect", { width: "100%", height: "100%", fill: "white" });
  svg.insertBefore(background, svg.firstChild);

  const text = (content: string, attributes: Record<string, string | number>) => {
    const node = element(document, "text", { fill: textColor, "text-anchor": "start", ...attributes });
    node.textContent = content;
    svg.append(node);
  };
  text(title, { x: left, y: 34, "font-size": 19, "font-weight": 600 });
  let x = left;
  const legend: [string, string][] = [["training loss", trainingColor]];
  if (test.length > 0) legend.push(["test loss", testColor]);
  for (const [label, stroke] of legend) {
    svg.append(element(document, "line", { x1: x, y1: 59, x2: x + 26, y2: 59, stroke, "stroke-width": 3 }));
    text(label, { x: x + 34, y: 64 });
    x += 150;
  }
  text("epoch", { x: left + (width - left - 28) / 2, y: height - 12, "text-anchor": "middle" });
  return `${svg.outerHTML}\n`;
}

function element(document: Document, name: string, attributes: Record<string, string | number>): Element {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
