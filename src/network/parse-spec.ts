/** Checks specs from unknown data. */
import { SpecError, shown } from "../errors.ts";
import { MOST_SHRINK, MOST_SHUFFLED } from "./limits.ts";
import { parse } from "./parse.ts";
import {
  inputSize,
  isConvolution,
  isConvolutional,
  type LayerShape,
  layerShapes,
  type Spec,
  shrinkOf,
  sourceOf,
} from "./spec.ts";
import { SpecSchema } from "./spec-schema.ts";

/**
 * Checks that unknown data, such as parsed JSON, is a spec, and returns it.
 * @param what what errors call the data
 * @throws SpecError that names every key that is unknown, missing or out of range, or the layers that do not fit
 */
export function parseSpec(data: unknown, what: string): Spec {
  const spec = parse(SpecSchema, data, what);
  const fault = isConvolutional(spec) ? convolutionFault(spec) : denseFault(spec);
  if (fault) throw new SpecError(`${what}: ${fault}`);
  return spec;
}

const mixed = "dense layers cannot be mixed with others. Use one kind.";

/** What is wrong with a network of dense layers; undefined if nothing is. */
function denseFault(spec: Spec): string | undefined {
  const { height, width, channels } = spec.input;
  const { outputs } = layerShapes(spec).at(-1)!;
  if (spec.layers.some(({ type }) => type !== "dense")) return mixed;
  if (spec.residual || spec.noiseLevel || spec.padding) {
    return '"residual", "noiseLevel" and "padding" are for convolutions. Leave them out.';
  }
  if (outputs === inputSize(spec)) return undefined;
  return (
    `the last layer puts out ${outputs} values but a picture of ${height}×${width}×${channels} has ` +
    `${inputSize(spec)}. Make them equal: the output is a picture of the same size.`
  );
}

/** What is wrong with a network of convolutions; undefined if nothing is. */
function convolutionFault(spec: Spec): string | undefined {
  const { height, width, channels } = spec.input;
  const shapes = layerShapes(spec);
  if (shapes.some(({ type }) => type === "dense")) return mixed;
  const convolutions = shapes.filter(isConvolution);
  if (convolutions.length === 0) return "there is no convolution. Add one.";
  if (convolutions.at(-1)!.activation !== "linear") {
    return "the last convolution has to be linear. Its values are a picture or noise, not features.";
  }
  const odd = shapes.find(({ outputs, shrink }) => !Number.isInteger(outputs) || shrink < 1);
  const shuffle = shapes.find(({ type }) => type === "pixel-shuffle");
  if (odd)
    return `${odd.name} cannot shuffle ${odd.inputs} channels into a picture. Give it 4 times as many as it puts out, of half the size.`;
  if (shuffle && shapes.indexOf(shuffle) < shapes.indexOf(convolutions[0]!)) {
    return `${shuffle.name} shuffles pixels before there is a convolution. Put it behind one.`;
  }
  const large = shapes.find(({ outputs, shrink }) => outputs > MOST_SHUFFLED || shrink > MOST_SHRINK);
  if (large)
    return `${large.name} puts out ${large.outputs} channels at 1/${large.shrink} of the size. At most ${MOST_SHUFFLED} at 1/${MOST_SHRINK} are possible.`;
  const sum = shapes.map((_, index) => additionFault(shapes, index)).find(Boolean);
  if (sum) return sum;
  const { outputs, shrink } = shapes.at(-1)!;
  if (shrink !== 1)
    return `the last layer puts out a picture ${shrink} times smaller. Shuffle as often as you unshuffle.`;
  if (outputs !== channels) {
    return `the last layer puts out ${outputs} channels but a picture has ${channels}. Make them equal.`;
  }
  const multiple = shrinkOf(spec);
  if (height % multiple !== 0 || width % multiple !== 0) {
    return `a picture of ${height}×${width} cannot be halved that often. Its sizes have to be multiples of ${multiple}.`;
  }
  const reach = shapes
    .filter((layer) => layer.type === "conv3x3")
    .find(({ dilation, shrink }) => dilation >= Math.min(height, width) / shrink);
  if (spec.padding === "reflect" && reach) {
    return `a picture of ${height}×${width} is too small to be mirrored at its border for ${reach.name}'s dilation of ${reach.dilation}.`;
  }
  return undefined;
}

/** What is wrong with a layer if it adds an earlier one; undefined if nothing is. */
function additionFault(shapes: readonly LayerShape[], index: number): string | undefined {
  const layer = shapes[index]!;
  if (layer.type !== "add") return undefined;
  const source = sourceOf(layer);
  const from = shapes[source];
  if (from === undefined || source >= index - 1) {
    return `${layer.name} adds ${shown(layer.from)}, which is no earlier layer than the one before it. Name one, such as "layer1".`;
  }
  if (source < shapes.findIndex(isConvolution)) {
    return `${layer.name} adds ${layer.from}, which is before the first convolution. Name a convolution or a layer after one.`;
  }
  if (from.outputs === layer.inputs && from.shrink === layer.shrink) return undefined;
  const what = ({ outputs, shrink }: LayerShape) => `${outputs} channels at 1/${shrink} of the size`;
  return `${layer.name} adds ${layer.from}, which has ${what(from)}, to ${what({ ...layer, outputs: layer.inputs })}. Make them equal.`;
}
