/**
 * A spec says what a network is: plain JSON, the only place that knows sizes. Shapes follow PyTorch, so that a
 * model file opens there as it is: the weight of a dense layer is [outputs, inputs], that of a convolution
 * [outputs, inputs, 3, 3].
 */
import * as v from "valibot";
import { SpecError } from "./errors.ts";

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
  /** Distance in pixels between the taps of its 3×3 window. Zeros are taken for what lies outside the picture. */
  dilation: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4)),
  activation: v.picklist(["linear", "relu"]),
});

export const SpecSchema = v.strictObject({
  /**
   * One picture. A network of convolutions takes pictures of any size with these channels; height and width
   * are those it is trained on.
   */
  input: v.strictObject({ height: size, width: size, channels: size }),
  /** What white, 255 in a picture, is inside the network: 255 if left out. */
  white: v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  /** Dense layers or convolutions, not both. */
  layers: v.pipe(v.array(v.variant("type", [DenseSchema, Conv3x3Schema])), v.minLength(1), v.maxLength(64)),
  /** The network predicts the noise: the output is the input minus what the last layer puts out. */
  residual: v.exactOptional(v.boolean()),
  /** The standard deviation of the noise, the same for every pixel of a picture, is the last input channel. */
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
export type ActivationName = Layer["activation"];

/** A layer's sizes, with the number of values or channels that reach it and leave it. */
export type LayerShape = Layer & {
  /** "layer1", "layer2", …: the beginning of its tensors' names. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
};

/** One trainable tensor. */
export interface Parameter {
  /** `layer1.weight`, `layer1.bias`, … */
  readonly name: string;
  /** PyTorch's shape: [outputs, inputs] or [outputs, inputs, 3, 3] for a weight, [outputs] for a bias. */
  readonly shape: readonly number[];
}

/** Whether the network is made of convolutions. */
export function isConvolutional(spec: Spec): boolean {
  return spec.layers[0]!.type === "conv3x3";
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
  let inputs = isConvolutional(spec) ? spec.input.channels + (spec.noiseLevel ? 1 : 0) : inputSize(spec);
  return spec.layers.map((layer, index) => {
    const outputs = layer.type === "dense" ? layer.units : layer.channels;
    const shape = { ...layer, name: `layer${index + 1}`, inputs, outputs };
    inputs = outputs;
    return shape;
  });
}

/** All trainable tensors in the order of the model file. */
export function parameters(spec: Spec): Parameter[] {
  return layerShapes(spec).flatMap(({ name, type, inputs, outputs }) => [
    { name: `${name}.weight`, shape: type === "dense" ? [outputs, inputs] : [outputs, inputs, 3, 3] },
    { name: `${name}.bias`, shape: [outputs] },
  ]);
}

/** Number of trainable values. */
export function parameterCount(spec: Spec): number {
  return parameters(spec).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Floating-point operations of a training step of `batch` pictures: three products for each weight. */
export function trainingFlop(spec: Spec, batch: number): number {
  const uses = isConvolutional(spec) ? spec.input.height * spec.input.width : 1;
  return 6 * batch * uses * parameterCount(spec);
}

/** Checks unknown data; `what` names it in errors. @throws SpecError */
export function parseSpec(data: unknown, what: string): Spec {
  const spec = parse(SpecSchema, data, what);
  const types = new Set(spec.layers.map(({ type }) => type));
  if (types.size > 1) throw new SpecError(`${what}: dense and conv3x3 layers cannot be mixed. Use one kind.`);
  const { height, width, channels } = spec.input;
  const { outputs } = layerShapes(spec).at(-1)!;
  if (isConvolutional(spec)) {
    if (outputs !== channels) {
      throw new SpecError(
        `${what}: the last layer puts out ${outputs} channels but a picture has ${channels}. Make them equal.`,
      );
    }
  } else {
    if (spec.residual || spec.noiseLevel) {
      throw new SpecError(`${what}: "residual" and "noiseLevel" are for convolutions. Leave them out.`);
    }
    if (outputs !== inputSize(spec)) {
      throw new SpecError(
        `${what}: the last layer puts out ${outputs} values but a picture of ${height}×${width}×${channels} has ` +
          `${inputSize(spec)}. Make them equal: the output is a picture of the same size.`,
      );
    }
  }
  return spec;
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
