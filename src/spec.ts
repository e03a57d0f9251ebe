/**
 * A spec says what a network is: plain JSON, the only place that knows sizes. Shapes follow PyTorch, so that a
 * model file opens there as it is: the weight of a dense layer is [outputs, inputs].
 */
import * as v from "valibot";
import { SpecError } from "./errors.ts";

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 20));

const DenseSchema = v.strictObject({
  type: v.literal("dense"),
  /** Values it puts out. */
  units: size,
  /** What follows the weighted sum. */
  activation: v.picklist(["linear", "sigmoid", "relu"]),
});

export const SpecSchema = v.strictObject({
  /** One picture. Values are brightness, 0 to 255. */
  input: v.strictObject({ height: size, width: size, channels: size }),
  layers: v.pipe(v.array(DenseSchema), v.minLength(1), v.maxLength(64)),
  /** Standard deviation of the normal distribution, mean 0, that each weight and each bias is drawn from. */
  initialization: v.strictObject({
    weights: v.pipe(v.number(), v.finite(), v.minValue(0)),
    biases: v.pipe(v.number(), v.finite(), v.minValue(0)),
  }),
});

export type Spec = v.InferOutput<typeof SpecSchema>;
export type Layer = Spec["layers"][number];
export type ActivationName = Layer["activation"];

/** A layer's sizes, with the number of values that reach it. */
export interface LayerShape extends Layer {
  /** "layer1", "layer2", …: the beginning of its tensors' names. */
  readonly name: string;
  readonly inputs: number;
}

/** One trainable tensor. */
export interface Parameter {
  /** `layer1.weight`, `layer1.bias`, … */
  readonly name: string;
  /** PyTorch's shape: [units, inputs] for a weight, [units] for a bias. */
  readonly shape: readonly number[];
}

/** Values in one picture that goes in, and in one that comes out. */
export function inputSize(spec: Spec): number {
  return spec.input.height * spec.input.width * spec.input.channels;
}

/** The layers from first to last, each with the count of its inputs. */
export function layerShapes(spec: Spec): LayerShape[] {
  let inputs = inputSize(spec);
  return spec.layers.map((layer, index) => {
    const shape = { ...layer, name: `layer${index + 1}`, inputs };
    inputs = layer.units;
    return shape;
  });
}

/** All trainable tensors in the order of the model file. */
export function parameters(spec: Spec): Parameter[] {
  return layerShapes(spec).flatMap((layer) => [
    { name: `${layer.name}.weight`, shape: [layer.units, layer.inputs] },
    { name: `${layer.name}.bias`, shape: [layer.units] },
  ]);
}

/** Number of trainable values. */
export function parameterCount(spec: Spec): number {
  return parameters(spec).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Checks unknown data; `what` names it in errors. @throws SpecError */
export function parseSpec(data: unknown, what: string): Spec {
  const spec = parse(SpecSchema, data, what);
  const outputs = spec.layers.at(-1)!.units;
  if (outputs !== inputSize(spec)) {
    throw new SpecError(
      `${what}: the last layer puts out ${outputs} values but a picture of ${spec.input.height}×${spec.input.width}` +
        `×${spec.input.channels} has ${inputSize(spec)}. Make them equal: the output is a picture of the same size.`,
    );
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
