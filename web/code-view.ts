/** Sliders for the code of a dense autoencoder, and what it draws from them. */
import type { Model } from "../src/model/model.ts";
import { codeLayer, runDense } from "./decoder.ts";
import { byId, canvas, imageDataOf, messageOf, setMessage } from "./dom.ts";
import { greyOf } from "./grey.ts";
import { garments } from "./pictures.ts";

/** The width and height of a garment in pixels. */
const SIDE = 28;

/** The model whose code the sliders are. */
let shown: Model;
let sliders: HTMLInputElement[] = [];

/** @returns whether the model has a code */
export function showCode(model: Model): boolean {
  const code = codeLayer(model);
  if (!code) return false;
  shown = model;
  if (sliders.length !== code.size) {
    laySliders(code.size);
    layGarments().catch((error: unknown) => setMessage("inside-message", messageOf(error)));
  }
  drawDecoded();
  return true;
}

function laySliders(count: number): void {
  sliders = Array.from({ length: count }, (_, index) => {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: "0", max: "1", step: "0.01", value: "0.5" });
    slider.setAttribute("aria-label", `Number ${index + 1} of the code`);
    slider.addEventListener("input", drawDecoded);
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

/** Makes a button for each garment, which sets the sliders to the garment's code. */
async function layGarments(): Promise<void> {
  const sheet = await garments();
  const grey = greyOf(sheet);
  const columns = sheet.width / SIDE;
  const buttons = Array.from({ length: grey.length / (SIDE * SIDE) }, (_, garment) => {
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
      runDense(shown, pixels, 1, codeLayer(shown)!.number).forEach((value, index) => {
        sliders[index]!.valueAsNumber = value;
      });
      drawDecoded();
    });
    return button;
  });
  byId("code-garments", HTMLElement).replaceChildren(...buttons);
}

function drawDecoded(): void {
  const model = shown;
  const { width, height } = model.spec.input;
  const code = codeLayer(model)!;
  const values = sliders.map(({ valueAsNumber }) => valueAsNumber);
  const pixels = new Uint8ClampedArray(runDense(model, values, code.number + 1, model.spec.layers.length));
  const target = canvas("decoded");
  Object.assign(target, { width, height });
  target.getContext("2d")!.putImageData(imageDataOf(pixels, width, height), 0, 0);
}
