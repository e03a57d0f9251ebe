/** Networks of convolutions as ONNX nodes, which take pictures of any size as a denoiser does. */
import {
  type ConvShape,
  isConvolution,
  layerShapes,
  scaleOf,
  shrinkOf,
  windowOf,
} from "../../network/spec.ts";
import { convModelOf } from "../conv-model.ts";
import type { ModelLike } from "../model.ts";
import type { GraphBuilder } from "./graph-builder.ts";

/**
 * Adds the network of a model to a graph.
 * @param noisy the name of its input, [pictures, channels, height, width], in grey levels
 * @param sigma the name of the noise level of each picture, [pictures], in grey levels
 * @returns the name of its output, of the input's shape
 */
export function addConvolutions(graph: GraphBuilder, model: ModelLike, noisy: string, sigma: string): string {
  const { spec } = model;
  const multiple = shrinkOf(spec);
  const padding = spec.padding ?? "zeros";
  // Pictures of other numbers of channels are nothing that a denoiser takes.
  const isPicture = [1, 3].includes(spec.input.channels);
  const { margin, least } = isPicture ? convModelOf(model, "The model") : { margin: 0, least: 1 };
  const scale = Math.fround(scaleOf(spec));
  const scaled = (value: string, factor: number) =>
    factor === 1 ? value : graph.add("Mul", [value, graph.number(factor)]);
  const pad = (value: string, pads: string) => graph.add("Pad", [value, pads], { mode: "reflect" });

  const isContinued = margin > 0 || multiple > 1 || least > 1;
  let x = noisy;
  for (const axis of isContinued ? [2, 3] : [])
    x = graph.add("Gather", [x, places(graph, noisy, axis, { margin, multiple, least })], { axis });
  x = scaled(x, scale);

  const firstConvolution = spec.layers.findIndex(isConvolution);
  for (const [index, layer] of layerShapes(spec).entries()) {
    const { name } = layer;
    if (layer.type === "add") x = graph.add("Add", [x, layer.from], {}, name);
    else if (layer.type === "pixel-shuffle")
      x = graph.add("DepthToSpace", [x], { blocksize: 2, mode: "CRD" }, name);
    else if (layer.type === "pixel-unshuffle") x = unshuffle(graph, x, layer.inputs, name);
    else if (isConvolution(layer)) {
      if (spec.noiseLevel && index === firstConvolution) x = withLevel(graph, x, scaled(sigma, scale));
      const d = layer.type === "conv3x3" ? layer.dilation : 0;
      const isMirrored = padding === "reflect" && d > 0;
      if (isMirrored) x = pad(x, graph.integers(0, 0, d, d, 0, 0, d, d));
      x = convolution(graph, model, layer, x, isMirrored ? 0 : d);
    }
  }

  const output = scaled(x, Math.fround(1 / scale));
  const size = graph.add("Shape", [noisy], { start: 2, end: 4 });
  const begin = graph.integers(margin, margin);
  const end = margin > 0 ? graph.add("Add", [size, begin]) : size;
  const cropped = isContinued ? graph.add("Slice", [output, begin, end, graph.integers(2, 3)]) : output;
  return spec.residual ? graph.add("Sub", [noisy, cropped]) : cropped;
}

/**
 * Where each row or column comes from of a picture that is continued by its mirror image: first to all sides, then to a size
 * that can be halved as often as need be.
 */
function places(
  graph: GraphBuilder,
  picture: string,
  axis: number,
  { margin, multiple, least }: { readonly margin: number; readonly multiple: number; readonly least: number },
): string {
  const number = (value: number) => graph.integer(value);
  const size = graph.add("Squeeze", [graph.add("Shape", [picture], { start: axis, end: axis + 1 })]);
  /** As `insideOf` of src/denoiser/conv-stream.ts, of the positions from `-before` to `end`. */
  const inside = (before: number, end: string, size: string) => {
    const distance = graph.add("Abs", [graph.add("Range", [number(-before), end, number(1)])]);
    const twice = graph.add("Mul", [graph.add("Sub", [size, number(1)]), number(2)]);
    const mirrored = graph.add("Max", [graph.add("Sub", [twice, distance]), number(0)]);
    return graph.add("Min", [distance, mirrored]);
  };
  const withMargin = graph.add("Add", [size, number(2 * margin)]);
  const enough = graph.add("Max", [withMargin, number(least)]);
  const steps = graph.add("Div", [graph.add("Add", [enough, number(multiple - 1)]), number(multiple)]);
  const further = inside(0, graph.add("Mul", [steps, number(multiple)]), withMargin);
  if (margin === 0) return further;
  return graph.add("Gather", [inside(margin, graph.add("Add", [size, number(margin)]), size), further]);
}

/** PyTorch's order of channels, 4c + place, of ONNX's, place · inputs + c. */
function unshuffle(graph: GraphBuilder, x: string, inputs: number, name: string): string {
  const isAlike = inputs === 1;
  const places = graph.add("SpaceToDepth", [x], { blocksize: 2 }, isAlike ? name : `${name}.places`);
  if (isAlike) return places;
  const order = Array.from({ length: 4 * inputs }, (_, i) => (i % 4) * inputs + Math.floor(i / 4));
  return graph.add("Gather", [places, graph.integers(...order)], { axis: 1 }, name);
}

/** A picture with its noise level as one channel more. */
function withLevel(graph: GraphBuilder, x: string, level: string): string {
  const pictures = graph.add("Shape", [x], { start: 0, end: 1 });
  const size = graph.add("Shape", [x], { start: 2, end: 4 });
  const shape = graph.add("Concat", [pictures, graph.integers(1), size], { axis: 0 });
  const plane = graph.add("Expand", [graph.add("Reshape", [level, graph.integers(-1, 1, 1, 1)]), shape]);
  return graph.add("Concat", [x, plane], { axis: 1 });
}

/** @param border by how many zeros to each side the picture is continued */
function convolution(
  graph: GraphBuilder,
  { parameters }: ModelLike,
  layer: ConvShape,
  x: string,
  border: number,
): string {
  const { name, inputs, outputs } = layer;
  const window = windowOf(layer);
  const dilation = layer.type === "conv3x3" ? layer.dilation : 1;
  const weight = `${name}.weight`;
  const operands = [x, graph.weight(weight, [outputs, inputs, window, window], parameters.get(weight)!)];
  const bias = parameters.get(`${name}.bias`);
  if (bias) operands.push(graph.weight(`${name}.bias`, [outputs], bias));
  const attributes = {
    kernel_shape: [window, window],
    dilations: [dilation, dilation],
    pads: [border, border, border, border],
  };
  const isLinear = layer.activation === "linear";
  const sum = graph.add("Conv", operands, attributes, isLinear ? name : `${name}.sum`);
  return isLinear ? sum : graph.add("Relu", [sum], {}, name);
}
