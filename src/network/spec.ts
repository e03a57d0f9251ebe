/**
 * A spec says what a network is: plain JSON, the only place that knows sizes. Shapes follow PyTorch, so that a
 * model file opens there as it is: the weight of a dense layer is [outputs, inputs], that of a convolution
 * [outputs, inputs, 3, 3].
 */
import * as v from "valibot";
import { SpecError } from "../errors.ts";

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 20));
const deviation = v.pipe(v.number(), v.finite(), v.minValue(0));

const DenseSchema = v.strictObject({
  type: v.literal("dense"),
  /** Values it puts out. */
  units: size,
  /** What follows the weighted sum. */
  activation: v.picklist(["linear", "sigmoid", "relu"]),
});

const Conv3x3Schema = v.strictObject({
  type: v.literal("conv3x3"),
  /** Channels it puts out. */
  channels: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024)),
  /** Distance in pixels between the taps of its 3×3 window. */
  dilation: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4)),
  activation: v.picklist(["linear", "relu"]),
});

/**
 * pixel-unshuffle: each 2×2 pixels of a channel become one pixel of four channels, top left, top right, bottom left,
 * bottom right; pixel-shuffle the other way round. As PyTorch's, by 2.
 */
const PixelSchema = v.strictObject({ type: v.picklist(["pixel-unshuffle", "pixel-shuffle"]) });

export const SpecSchema = v.strictObject({
  /**
   * One picture. A network of convolutions takes pictures of any size with these channels; height and width
   * are those it is trained on.
   */
  input: v.strictObject({ height: size, width: size, channels: size }),
  /** What white, 255 in a picture, is inside the network: 255 if left out. */
  white: v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  /** Dense layers, or convolutions with pixel layers; the last layer that has weights is linear in the latter. */
  layers: v.pipe(
    v.array(v.variant("type", [DenseSchema, Conv3x3Schema, PixelSchema])),
    v.minLength(1),
    v.maxLength(64),
  ),
  /** What convolutions take for what lies outside a picture: zeros if left out, or the picture mirrored there. */
  padding: v.exactOptional(v.picklist(["zeros", "reflect"])),
  /** The network predicts the noise: the output is the input minus what the last layer puts out. */
  residual: v.exactOptional(v.boolean()),
  /**
   * The level of the noise (its standard deviation where it is Gaussian: noise.ts), the same for every pixel of a
   * picture, is the last input channel of the first convolution.
   */
  noiseLevel: v.exactOptional(v.boolean()),
  /**
   * Standard deviations of the normal distributions, mean 0, that weights and biases are drawn from. "he":
   * √(2 / inputs of a unit) (He et al., "Delving deep into rectifiers", ICCV 2015).
   */
  initialization: v.strictObject({
    weights: v.union([v.literal("he"), deviation]),
    biases: deviation,
    /** What the last layer's weights are multiplied with: with 0, a residual network begins by changing nothing. */
    lastLayer: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
});

export type Spec = v.InferOutput<typeof SpecSchema>;
export type Layer = Spec["layers"][number];
export type ActivationName = Extract<Layer, { type: "dense" }>["activation"];

/** A layer's sizes, with the number of values or channels that reach it and leave it. */
export type LayerShape = Layer & {
  /** "layer1", "layer2", …: the beginning of its tensors' names. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** How many times smaller than the picture, in height and in width, is what it puts out. */
  readonly shrink: number;
};

export type DenseShape = Extract<LayerShape, { type: "dense" }>;

/** One trainable tensor. */
export interface Parameter {
  /** `layer1.weight`, `layer1.bias`, … */
  readonly name: string;
  /** PyTorch's shape: [outputs, inputs] or [outputs, inputs, 3, 3] for a weight, [outputs] for a bias. */
  readonly shape: readonly number[];
}

/** Whether the network is made of convolutions. */
export function isConvolutional(spec: Spec): boolean {
  return spec.layers[0]!.type !== "dense";
}

/** What the network multiplies a picture's values (0 to 255) with. */
export function scaleOf(spec: Spec): number {
  return (spec.white ?? 255) / 255;
}

/** Values in one picture that goes in, and in one that comes out. */
export function inputSize(spec: Spec): number {
  return spec.input.height * spec.input.width * spec.input.channels;
}

/** The layers from first to last, each with the count of its inputs and outputs. */
export function layerShapes(spec: Spec): LayerShape[] {
  const firstConvolution = spec.layers.findIndex(({ type }) => type === "conv3x3");
  let channels = isConvolutional(spec) ? spec.input.channels : inputSize(spec);
  let shrink = 1;
  return spec.layers.map((layer, index) => {
    const inputs = channels + (spec.noiseLevel && index === firstConvolution ? 1 : 0);
    if (layer.type === "dense") channels = layer.units;
    else if (layer.type === "conv3x3") channels = layer.channels;
    else if (layer.type === "pixel-unshuffle") {
      channels = 4 * inputs;
      shrink *= 2;
    } else {
      channels = inputs / 4;
      shrink /= 2;
    }
    return { ...layer, name: `layer${index + 1}`, inputs, outputs: channels, shrink };
  });
}

/** The layers of a network of dense layers. */
export function denseShapes(spec: Spec): DenseShape[] {
  return layerShapes(spec).filter((layer) => layer.type === "dense");
}

/** The height and width of pictures have to be multiples of this. */
export function shrinkOf(spec: Spec): number {
  return Math.max(...layerShapes(spec).map(({ shrink }) => shrink));
}

/** All trainable tensors in the order of the model file. */
export function parameters(spec: Spec): Parameter[] {
  return layerShapes(spec).flatMap(({ name, type, inputs, outputs }) => {
    if (type !== "dense" && type !== "conv3x3") return [];
    return [
      { name: `${name}.weight`, shape: type === "dense" ? [outputs, inputs] : [outputs, inputs, 3, 3] },
      { name: `${name}.bias`, shape: [outputs] },
    ];
  });
}

/** Number of trainable values. */
export function parameterCount(spec: Spec): number {
  return parameters(spec).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Multiplications of a layer for one picture of the spec's size. */
export function multiplicationsOf({ type, inputs, outputs, shrink }: LayerShape, { input }: Spec): number {
  if (type === "dense") return inputs * outputs;
  return type === "conv3x3" ? (9 * inputs * outputs * input.height * input.width) / (shrink * shrink) : 0;
}

/** Floating-point operations of a training step of `batch` pictures: three products for each weight and its use. */
export function trainingFlop(spec: Spec, batch: number): number {
  return layerShapes(spec).reduce((sum, layer) => sum + 6 * batch * multiplicationsOf(layer, spec), 0);
}

/** Checks unknown data; `what` names it in errors. @throws SpecError */
export function parseSpec(data: unknown, what: string): Spec {
  const spec = parse(SpecSchema, data, what);
  const fault = isConvolutional(spec) ? convolutionFault(spec) : denseFault(spec);
  if (fault) throw new SpecError(`${what}: ${fault}`);
  return spec;
}

const mixed = "dense layers cannot be mixed with others. Use one kind.";

/** What is wrong with a network of dense layers. */
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

/** What is wrong with a network of convolutions. */
function convolutionFault(spec: Spec): string | undefined {
  const { height, width, channels } = spec.input;
  const shapes = layerShapes(spec);
  if (shapes.some(({ type }) => type === "dense")) return mixed;
  const convolutions = shapes.filter((layer) => layer.type === "conv3x3");
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
  const reach = convolutions.find(({ dilation, shrink }) => dilation >= Math.min(height, width) / shrink);
  if (spec.padding === "reflect" && reach) {
    return `a picture of ${height}×${width} is too small to be mirrored at its border for ${reach.name}'s dilation of ${reach.dilation}.`;
  }
  return undefined;
}

/** valibot's parse with our error, which names each fault with its path. @throws SpecError */
export function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  data: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, data, { abortPipeEarly: true });
  if (result.success) return result.output;
  throw new SpecError(`${what}: ${result.issues.map(faultOf).join("; ")}.`);
}

/** An issue in words: where, what it has to be, and what it is. */
function faultOf(issue: v.BaseIssue<unknown>): string {
  const { type, expected, received, requirement } = issue;
  const path = v.getDotPath(issue);
  if (type === "strict_object" && expected === "never") return `unknown key "${path}", remove it`;
  if (path && received === "undefined") return `"${path}" is missing`;
  const rules: Record<string, string> = {
    number: "a number",
    string: "a text",
    array: "a list",
    strict_object: "an object",
    tuple: "a list",
    variant: `${expected}`,
    union: `${expected}`,
    literal: `${expected}`,
    picklist: `${expected}`,
    integer: "a whole number",
    finite: "finite",
    min_value: `at least ${requirement}`,
    max_value: `at most ${requirement}`,
    gt_value: `above ${requirement}`,
    min_length: `at least ${requirement} long`,
    max_length: `at most ${requirement} long`,
  };
  return `${path ?? "it"} has to be ${rules[type] ?? expected}, but is ${received}`;
}
