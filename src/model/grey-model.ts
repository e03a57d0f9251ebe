/** Models for colour pictures as models for grey ones. */
import { SpecError } from "../errors.ts";
import {
  isConvolution,
  isConvolutional,
  type Layer,
  layerShapes,
  type Spec,
  sourceOf,
  windowOf,
} from "../network/spec.ts";
import type { Model } from "./model.ts";

/** Red, green and blue. */
const COLOURS = 3;

/**
 * A model for grey pictures from one for colour pictures. It puts out the mean of what that one makes of three channels that all
 * hold the grey picture: the weights of the first convolution are added up over the colours, and those of the last are averaged. So
 * it is a model to go on from, `train(…, { from })`, where one for grey pictures is wanted.
 * @throws SpecError if the model is not one of convolutions for pictures of three channels, or adds up channels that are colours
 */
export function greyModel(model: Model): Model {
  const spec = greySpec(model.spec);
  const layers = layerShapes(model.spec);
  const first = layers.find(isConvolution)!;
  const last = layers.findLast(isConvolution)!;
  const parameters = new Map(model.parameters);
  const weight = `${first.name}.weight`;
  parameters.set(weight, sumOfColours(parameters.get(weight)!, first.inputs, windowOf(first) ** 2));
  for (const name of [`${last.name}.weight`, `${last.name}.bias`]) {
    const values = parameters.get(name);
    if (values) parameters.set(name, meanOfColours(values));
  }
  return { ...model, spec, parameters };
}

/** The spec of `greyModel`. */
function greySpec(spec: Spec): Spec {
  if (!isConvolutional(spec) || spec.input.channels !== COLOURS)
    throw new SpecError(
      "Only a model of convolutions for pictures of three channels can become one for grey pictures.",
    );
  const first = spec.layers.findIndex(isConvolution);
  const last = spec.layers.findLastIndex(isConvolution);
  const isMixed = (layer: Layer, index: number) =>
    layer.type === "add"
      ? index > last || sourceOf(layer) < first
      : index === last && isConvolution(layer) && layer.activation !== "linear";
  if (spec.layers.some(isMixed))
    throw new SpecError(
      "A model can become one for grey pictures if its last convolution is linear, and nothing is added before the first or behind the last.",
    );
  return {
    ...spec,
    input: { ...spec.input, channels: 1 },
    layers: spec.layers.map((layer, index) =>
      index === last && isConvolution(layer) ? { ...layer, channels: layer.channels / COLOURS } : layer,
    ),
  };
}

/**
 * The colours are the outermost part of the index of an input, even behind `pixel-unshuffle`; behind them may come the noise level.
 * @param inputs of each output
 * @param taps weights of each input
 */
function sumOfColours(weight: Float32Array, inputs: number, taps: number): Float32Array {
  const others = inputs % COLOURS;
  const own = (inputs - others) / COLOURS;
  const result = new Float32Array((weight.length / inputs) * (own + others));
  for (let at = 0; at < result.length; at++) {
    const tap = at % taps;
    const input = Math.floor(at / taps) % (own + others);
    const from = Math.floor(at / taps / (own + others)) * inputs;
    const weightOf = (input: number) => weight[(from + input) * taps + tap]!;
    result[at] =
      input < own
        ? weightOf(input) + weightOf(own + input) + weightOf(2 * own + input)
        : weightOf(COLOURS * own + input - own);
  }
  return result;
}

/** The colours are the outermost part of the index of an output, even before `pixel-shuffle`. */
function meanOfColours(values: Float32Array): Float32Array {
  const own = values.length / COLOURS;
  return Float32Array.from(
    { length: own },
    (_, at) => (values[at]! + values[own + at]! + values[2 * own + at]!) / COLOURS,
  );
}
