/** The first layer's weights, a picture for each unit. */
import type { Model } from "../src/model.ts";
import { layerShapes } from "../src/spec.ts";
import { imageDataOf } from "./dom.ts";

/** Draws them in a square of rows, one pixel apart; grey is 0, white the largest weight, black its opposite. */
export function drawWeights(target: HTMLCanvasElement, { spec, parameters }: Model): void {
  const { type, inputs, outputs } = layerShapes(spec)[0]!;
  const weight = parameters.get("layer1.weight")!;
  const dense = type === "dense";
  const { channels } = spec.input;
  const [width, height] = dense ? [spec.input.width, spec.input.height] : [3, 3];
  const columns = Math.ceil(Math.sqrt(outputs));
  const side = columns * (Math.max(width, height) + 1) - 1;
  target.width = side;
  target.height = side;
  const context = target.getContext("2d")!;
  const largest = quantile(weight, 0.99);
  const stride = dense ? inputs : 9 * inputs;
  for (let unit = 0; unit < outputs; unit++) {
    // A picture's values are interleaved, a filter's lie channel after channel: the first channel of either.
    const pixels = Uint8ClampedArray.from({ length: width * height }, (_, i) => {
      const value = weight[unit * stride + (dense ? i * channels : i)]!;
      return 127.5 + (127.5 * value) / largest;
    });
    context.putImageData(
      imageDataOf(pixels, width, height),
      (unit % columns) * (width + 1),
      Math.floor(unit / columns) * (height + 1),
    );
  }
  target.setAttribute("aria-label", `The first layer’s weights: ${outputs} pictures of ${width}×${height}`);
}

/** The size that this share of the values does not exceed; above 0. */
function quantile(values: Float32Array, share: number): number {
  const sizes = Float32Array.from(values, Math.abs).sort();
  return sizes[Math.floor(share * (sizes.length - 1))]! || 1;
}
