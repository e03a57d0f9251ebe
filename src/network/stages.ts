/** The stages of a network of convolutions, one for each layer, and the places of their buffers in the arena. */
import {
  gradientChunkBytes,
  gradientChunkBytes1x1,
  transformedBytes,
  weightBytes,
} from "../../assembly/conv/sizes.ts";
import { SpecError } from "../errors.ts";
import { type Arena, roundUp } from "./arena.ts";
import { geometryOf, type ImageBuffer, placeImages } from "./image-buffers.ts";
import { type PlanOptions, placeTensor, type TensorPlace } from "./plan-common.ts";
import {
  type ConvShape,
  isConvolution,
  type LayerShape,
  layerShapes,
  type Spec,
  sourceOf,
  windowOf,
} from "./spec.ts";

export type Padding = "zeros" | "reflect";

/** The input or output of a layer. */
export interface Value extends ImageBuffer {
  /** The gradient of the loss with respect to it, if that is needed. */
  readonly gradient: ImageBuffer | undefined;
  /** Whether it is the output of a ReLU: then its gradient is 0 wherever it is not above 0. */
  readonly rectified: boolean;
}

export interface Stage {
  readonly layer: Exclude<LayerShape, { type: "dense" }>;
  readonly input: Value;
  readonly output: Value;
}

export interface AddStage extends Stage {
  readonly layer: Extract<LayerShape, { type: "add" }>;
  /** The output of the earlier layer. */
  readonly other: Value;
}

export interface ConvStage extends Stage {
  readonly layer: ConvShape;
  readonly weight: TensorPlace;
  /** Only if the layer has one. */
  readonly bias: TensorPlace | undefined;
  /** What the layer sees outside its input. */
  readonly padding: Padding;
  /** Address of the weight as the kernel takes it: transformed, or, of a 1×1 convolution, as it is. */
  readonly operand: number;
  /** Addresses of the transposed weight, as it is and as the kernel takes it. Only if the input has a gradient. */
  readonly transposed: { readonly weight: number; readonly operand: number } | undefined;
  /** Address of the gradient of the transposed weight. Only if that is what is summed: see `gradientSums`. */
  readonly gathered: number | undefined;
  /** The gradient with respect to the input and its mirrored border. Only if both a gradient and mirroring are needed. */
  readonly padded: ImageBuffer | undefined;
}

export function isConvStage(stage: Stage): stage is ConvStage {
  return isConvolution(stage.layer);
}

export function isAddStage(stage: Stage): stage is AddStage {
  return stage.layer.type === "add";
}

/**
 * How the gradients of a layer's weight and its bias are summed; of a 3×3 convolution, that of the transformed weight. If its
 * output has so few channels that going through them in fours would mostly compute padding, the gradient of the weight's
 * transpose is summed instead; that needs borders of zeros. Sizes are in bytes.
 */
export function gradientSums({ layer, padding }: Pick<ConvStage, "layer" | "padding">) {
  const { inputs, outputs } = layer;
  if (layer.type === "conv1x1") {
    const [weight, chunk] = [weightBytes(outputs, inputs, 1), gradientChunkBytes1x1(outputs, inputs)];
    return { transposed: false, as: outputs, bs: inputs, weight, bias: chunk - weight, chunk };
  }
  const transposed = outputs <= 3 && padding === "zeros";
  const [as, bs] = transposed ? [inputs, outputs] : [outputs, inputs];
  const weight = transformedBytes(as, bs);
  const chunk = gradientChunkBytes(as, bs, transposed);
  return { transposed, as, bs, weight, bias: chunk - weight, chunk };
}

/** Places the input image and every layer with its weights and its output: `slots` images of each. */
export function placeNetwork(arena: Arena, spec: Spec, options: PlanOptions, slots: number) {
  const { size = spec.input, training, inputGradient = false } = options;
  const goesBack = inputGradient || training !== undefined;
  const shapes = layerShapes(spec);
  const padding = spec.padding ?? "zeros";
  const reach = Math.max(...shapes.map((layer) => (layer.type === "conv3x3" ? layer.dilation : 1)));
  const image: PlaceImage = (shrink, channels) => {
    const small = { height: size.height / shrink, width: size.width / shrink };
    return placeImages(arena, slots, geometryOf(small, reach, padding), channels);
  };
  const added = new Set(shapes.map((layer) => (layer.type === "add" ? sourceOf(layer) : -1)));
  const outputImage =
    goesBack || options.activations
      ? (_: number, shrink: number, channels: number) => image(shrink, channels)
      : reusing(image, added);

  const x: Value = {
    ...image(1, shapes[0]!.inputs),
    gradient: inputGradient ? image(1, shapes[0]!.inputs) : undefined,
    rectified: false,
  };
  const stages: Stage[] = [];
  let input = x;
  /** Whether what comes next depends on something whose gradient is wanted: on weights, or on the input. */
  let depends = inputGradient;
  for (const [index, layer] of shapes.entries()) {
    if (layer.type === "dense") throw new SpecError("Dense layers do not go with convolutions.");
    const below = depends;
    depends ||= isConvolution(layer);
    const channels = shapes[index + 1]?.inputs ?? layer.outputs;
    // The gradient of a sum is that of its parts, if there is nothing else that these go into.
    const passed =
      layer.type === "add" && !input.rectified && !added.has(index - 1) ? input.gradient : undefined;
    const output: Value = {
      ...outputImage(index, layer.shrink, channels),
      gradient: goesBack && depends ? (passed ?? image(layer.shrink, channels)) : undefined,
      rectified: isConvolution(layer) ? layer.activation === "relu" : layer.type !== "add" && input.rectified,
    };
    const stage = { layer, input, output };
    if (layer.type === "add") stages.push({ ...stage, other: stages[sourceOf(layer)]!.output } as AddStage);
    else if (isConvolution(layer)) {
      const weights = placeWeights(arena, spec, layer, training, goesBack && below);
      const padded = weights.transposed && layer.type === "conv3x3" && padding === "reflect";
      stages.push({
        ...stage,
        ...weights,
        padded: padded ? image(layer.shrink, layer.inputs) : undefined,
      } as ConvStage);
    } else stages.push(stage);
    input = output;
  }
  return { x, stages };
}

/** Places the images of one resolution, each `shrink` times smaller than a picture. */
type PlaceImage = (shrink: number, channels: number) => ImageBuffer;

/**
 * Places outputs of layers without training: an output takes the place of the output two layers before, if that has the same
 * size and no later layer adds it.
 */
function reusing(image: PlaceImage, added: ReadonlySet<number>) {
  const known = new Map<string, ImageBuffer>();
  return (index: number, shrink: number, channels: number) => {
    if (added.has(index)) return image(shrink, channels);
    const key = `${index % 2}, ${shrink}, ${channels}`;
    const place = known.get(key) ?? image(shrink, channels);
    known.set(key, place);
    return place;
  };
}

/** @param back whether the layer's input has a gradient */
function placeWeights(
  arena: Arena,
  spec: Spec,
  layer: ConvShape,
  training: PlanOptions["training"],
  back: boolean,
): Pick<ConvStage, "weight" | "bias" | "padding" | "operand" | "transposed" | "gathered"> {
  const { padding = "zeros" } = spec;
  const { name, inputs, outputs } = layer;
  const window = windowOf(layer);
  const taps = window * window;
  const options = training && { ...training, gradients: true };
  const tensor = (suffix: string, shape: number[], length: number): TensorPlace =>
    placeTensor(arena, spec, options, { name: `${name}.${suffix}`, shape, length });
  /** Places what the kernel takes for a weight with so many outputs and inputs, if that is not the weight itself. */
  const operand = (weight: number, outs: number, ins: number) =>
    layer.type === "conv3x3" ? arena.place(transformedBytes(outs, ins)) : weight;
  const transposedWeight = () => {
    const weight = arena.place(weightBytes(inputs, outputs, taps));
    return { weight, operand: operand(weight, inputs, outputs) };
  };
  const weight = tensor("weight", [outputs, inputs, window, window], weightBytes(outputs, inputs, taps) / 4);
  return {
    weight,
    bias: layer.bias === false ? undefined : tensor("bias", [outputs], roundUp(outputs, 16)),
    padding,
    operand: operand(weight.value, outputs, inputs),
    transposed: back ? transposedWeight() : undefined,
    gathered:
      training && gradientSums({ layer, padding }).transposed
        ? arena.place(weightBytes(inputs, outputs, taps))
        : undefined,
  };
}
