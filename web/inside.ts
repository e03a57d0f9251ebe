/** The tab "Inside": the first layer's weights as pictures, and sliders for the autoencoder's code. */
import type { Model } from "../src/model/model.ts";
import { layerShapes } from "../src/network/spec.ts";
import { currentModel, onModelChange } from "./current-model.ts";
import { decodedModel } from "./decoded-model.ts";
import { codeLayer, runDense } from "./decoder.ts";
import { byId, canvas, imageDataOf, input, messageOf, setMessage, setText } from "./dom.ts";
import { greyOf } from "./grey.ts";
import { modelSummary } from "./model-text.ts";
import { garments } from "./pictures.ts";
import { drawWeights, initialWeights } from "./weight-pictures.ts";

const GARMENTS = 10;
/** Their width and height in pixels. */
const SIDE = 28;

let sliders: HTMLInputElement[] = [];

export function startInside(): void {
  const showIfSeen = () => {
    if (!byId("inside", HTMLElement).hidden) show();
  };
  onModelChange(showIfSeen);
  document.addEventListener("part", showIfSeen);
  input("only-change").addEventListener("change", show);
}

function show(): void {
  const current = currentModel();
  if (!current) return;
  const model = decodedModel(current);
  byId("inside-empty", HTMLElement).hidden = true;
  byId("inside-parts", HTMLElement).hidden = false;
  setText("inside-model", `Model: ${modelSummary(model, current.from)}`);
  showWeights(model);
  const code = codeLayer(model);
  if (!code) {
    setText(
      "code-facts",
      "This network has no narrow layer: it keeps every pixel. Train fashion-autoencoder for a code.",
    );
    for (const id of ["code-sliders", "code-garments"]) byId(id, HTMLElement).replaceChildren();
    sliders = [];
    return;
  }
  setText(
    "code-facts",
    `The network squeezes a garment into ${code.size} numbers and draws it again from these alone. ` +
      "Choose a garment, then move the sliders.",
  );
  if (sliders.length !== code.size) {
    laySliders(code.size);
    layGarments().catch((error: unknown) => setMessage("inside-message", messageOf(error)));
  }
  drawDecoded(model);
}

function showWeights(model: Model): void {
  const base = initialWeights(model);
  const toggle = input("only-change");
  toggle.disabled = base === undefined;
  const onlyChange = base !== undefined && toggle.checked;
  const count = drawWeights(canvas("weights"), model, onlyChange ? base : undefined);
  const { type, outputs } = layerShapes(model.spec)[0]!;
  const facts =
    `${count} of the first layer’s ${outputs} ${type === "dense" ? "units" : "filters"}: ` +
    (onlyChange
      ? "how training changed the weights of those that it changed most."
      : "what each looks for; light adds, dark takes away.");
  setText("weights-facts", facts);
  canvas("weights").setAttribute("aria-label", facts);
}

function laySliders(count: number): void {
  sliders = Array.from({ length: count }, (_, index) => {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: "0", max: "1", step: "0.01", value: "0.5" });
    slider.setAttribute("aria-label", `Number ${index + 1} of the code`);
    slider.addEventListener("input", () => drawDecoded(decodedModel(currentModel()!)));
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

/** Makes a button for each of a few garments, which sets the sliders to the garment's code. */
async function layGarments(): Promise<void> {
  const sheet = await garments();
  const grey = greyOf(sheet);
  const columns = sheet.width / SIDE;
  const buttons = Array.from({ length: GARMENTS }, (_, garment) => {
    const [left, top] = [(garment % columns) * SIDE, Math.floor(garment / columns) * SIDE];
    const pixels = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
      return grey[(top + Math.floor(i / SIDE)) * sheet.width + left + (i % SIDE)]!;
    });
    const picture = document.createElement("canvas");
    Object.assign(picture, { width: SIDE, height: SIDE });
    picture.getContext("2d")!.putImageData(imageDataOf(pixels, SIDE, SIDE), 0, 0);
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Code of garment ${garment + 1}`);
    button.append(picture);
    button.addEventListener("click", () => {
      const model = decodedModel(currentModel()!);
      runDense(model, pixels, 1, codeLayer(model)!.number).forEach((value, index) => {
        sliders[index]!.valueAsNumber = value;
      });
      drawDecoded(model);
    });
    return button;
  });
  byId("code-garments", HTMLElement).replaceChildren(...buttons);
}

function drawDecoded(model: Model): void {
  const { width, height } = model.spec.input;
  const code = codeLayer(model)!;
  const values = sliders.map(({ valueAsNumber }) => valueAsNumber);
  const pixels = new Uint8ClampedArray(runDense(model, values, code.number + 1, model.spec.layers.length));
  const target = canvas("decoded");
  Object.assign(target, { width, height });
  target.getContext("2d")!.putImageData(imageDataOf(pixels, width, height), 0, 0);
}
