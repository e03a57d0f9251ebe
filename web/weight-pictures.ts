/** Draws the first layer's weights, one picture for each unit. */
import type { Model } from "../src/model/model.ts";
import { isConvolution, layerShapes, windowOf } from "../src/network/spec.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { imageDataOf } from "./dom.ts";

const MOST = 64;

/** The layer's weights before training; undefined unless it is a dense layer whose weights were drawn with a given standard deviation. */
export function initialWeights({ spec, provenance }: Model): Float32Array | undefined {
  const { weights } = spec.initialization;
  const { type, inputs, outputs } = layerShapes(spec)[0]!;
  if (type !== "dense" || typeof weights !== "number") return undefined;
  const values = new Float32Array(outputs * inputs);
  new Random(provenance.seed, Purpose.initialization).fillNormal(values, weights);
  return values;
}

/**
 * Draws the weights, minus `base` if there is one, of those units whose sum of squared weights is largest. The pictures are
 * one pixel apart. Grey is 0, white is the unit's largest absolute value, and black its negative.
 * @returns how many were drawn
 */
export function drawWeights(
  target: HTMLCanvasElement,
  { spec, parameters }: Model,
  base?: Float32Array,
): number {
  const layer = layerShapes(spec).find(({ type }) => type === "dense" || type.startsWith("conv"))!;
  const { type, name, inputs, outputs } = layer;
  const weight = parameters.get(`${name}.weight`)!.map((value, index) => value - (base?.[index] ?? 0));
  const dense = type === "dense";
  const { channels } = spec.input;
  const window = isConvolution(layer) ? windowOf(layer) : 1;
  const [width, height] = dense ? [spec.input.width, spec.input.height] : [window, window];
  const stride = dense ? inputs : window * window * inputs;
  // The first layer of a network for colour sees red, green and blue: its filters have colours too.
  const isColour = !dense && name === "layer1" && channels === 3;
  const sizeOf = (unit: number) =>
    weight.subarray(unit * stride, (unit + 1) * stride).reduce((sum, value) => sum + value * value, 0);
  const units = Array.from({ length: outputs }, (_, unit) => ({ unit, size: sizeOf(unit) }))
    .sort((a, b) => b.size - a.size)
    .slice(0, MOST);
  // Few filters, of a few pixels each, lie in long rows.
  const columns = Math.ceil(Math.sqrt(units.length * (dense ? 1 : 3)));
  target.width = columns * (width + 1) - 1;
  target.height = Math.ceil(units.length / columns) * (height + 1) - 1;
  target.classList.toggle("filters", !dense);
  const context = target.getContext("2d")!;
  units.forEach(({ unit }, place) => {
    // Without colour, draws the first channel. The channels of a picture's values are interleaved; those of a filter follow one another.
    const size = width * height;
    const values = Float32Array.from(
      { length: size * (isColour ? 3 : 1) },
      (_, i) => weight[unit * stride + (dense ? i * channels : i)]!,
    );
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    const pixels = Uint8ClampedArray.from(values, (value) => 127.5 + (127.5 * value) / largest);
    const image = imageDataOf(pixels, width, height);
    if (isColour)
      pixels.forEach((value, i) => {
        image.data[4 * (i % size) + Math.floor(i / size)] = value;
      });
    context.putImageData(image, (place % columns) * (width + 1), Math.floor(place / columns) * (height + 1));
  });
  return units.length;
}
