/** The part "Inside": the first layer's weights as pictures, and the autoencoder's code on sliders. */
import type { Model } from "../src/model.ts";
import { inputSize, layerShapes } from "../src/spec.ts";
import { currentModel, onModelChange } from "./current-model.ts";
import { codeLayer, runDense } from "./decoder.ts";
import { byId, canvas, imageDataOf, setText } from "./dom.ts";
import { modelSummary } from "./model-text.ts";
import { drawWeights } from "./weight-pictures.ts";

let sliders: HTMLInputElement[] = [];

export function startInside(): void {
  const shown = () => !byId("inside", HTMLElement).hidden;
  onModelChange(() => {
    if (shown()) show();
  });
  document.addEventListener("part", () => {
    if (shown()) show();
  });
}

function show(): void {
  const current = currentModel();
  if (!current) return;
  const { model } = current;
  setText("inside-model", `Model: ${modelSummary(current)}`);
  drawWeights(canvas("weights"), model);
  const first = layerShapes(model.spec)[0]!;
  setText(
    "weights-facts",
    `What each of the ${first.outputs} ${first.type === "dense" ? "units" : "filters"} of the first layer looks for: ` +
      "light adds, dark takes away.",
  );
  const code = codeLayer(model);
  if (!code) {
    setText(
      "code-facts",
      "This network has no narrow layer: it keeps every pixel. Train fashion-autoencoder for a code.",
    );
    byId("code-sliders", HTMLElement).replaceChildren();
    sliders = [];
    return;
  }
  if (sliders.length !== code.size) laySliders(code.size);
  drawDecoded(model);
}

function laySliders(count: number): void {
  sliders = Array.from({ length: count }, (_, index) => {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: "0", max: "1", step: "0.01", value: "0.5" });
    slider.setAttribute("aria-label", `Number ${index + 1} of the code`);
    slider.addEventListener("input", () => {
      const current = currentModel();
      if (current) drawDecoded(current.model);
    });
    return slider;
  });
  byId("code-sliders", HTMLElement).replaceChildren(
    ...sliders.map((slider, index) => {
      const label = document.createElement("label");
      label.append(String(index + 1), slider);
      return label;
    }),
  );
}

function drawDecoded(model: Model): void {
  const { width, height } = model.spec.input;
  const code = codeLayer(model)!;
  const values = sliders.map(({ valueAsNumber }) => valueAsNumber);
  const pixels = Uint8ClampedArray.from(
    runDense(model, values, code.number + 1, model.spec.layers.length),
    (value) => (value * 255) / (model.spec.white ?? 255),
  );
  const target = canvas("decoded");
  Object.assign(target, { width, height });
  target
    .getContext("2d")!
    .putImageData(imageDataOf(pixels.subarray(0, inputSize(model.spec)), width, height), 0, 0);
  setText(
    "code-facts",
    `The network squeezes a garment into ${code.size} numbers and draws it anew from these alone. Move them.`,
  );
}
