/** Specs of networks, and the shapes and sizes that follow from them. */

/**
 * The description of a network, as plain JSON. Tensors have PyTorch's shapes, so that PyTorch can use a model file as it
 * is: the weight of a dense layer is [outputs, inputs], that of a convolution is [outputs, inputs, height, width].
 */
export interface Spec {
  /**
   * The size of the pictures that the network is trained on. A denoiser runs a network of convolutions on pictures of any
   * size.
   */
  input: {
    /** In pixels, from 1 to 2²⁰. */
    height: number;
    /** In pixels, from 1 to 2²⁰. */
    width: number;
    /** Values of each pixel: 1 for grey, 3 for RGB. */
    channels: number;
  };
  /**
   * The value that white (255 in a picture) has inside a network of convolutions, from 10⁻⁵ to 10⁵. Default 255. Networks of dense
   * layers do not use it: inside them white is always 255.
   */
  white?: number;
  /**
   * 1 to 64 layers, in the order in which a picture goes through them: either dense layers only, or convolutions, pixel
   * layers and additions. The last convolution has to be linear.
   */
  layers: Layer[];
  /** What convolutions see outside their input: zeros (the default), or the input mirrored at its borders. */
  padding?: "zeros" | "reflect";
  /** Whether the network predicts the noise: then the output is the input minus what the last layer puts out. */
  residual?: boolean;
  /**
   * Whether the network is told how strong the noise is: then the noise level of a picture, scaled like its pixels, fills
   * the last input channel of the first convolution. For Gaussian noise the level is the standard deviation in grey
   * levels; `levelOf` says what it is for other noise. For a camera's noise it is measured in each picture: the root mean
   * square of the noisy minus the clean picture.
   */
  noiseLevel?: boolean;
  /** How weights and biases start: they are drawn from normal distributions with a mean of 0. */
  initialization: {
    /**
     * Standard deviation of the weights. "he" stands for √(2 / n), where n is the number of values that a unit sums: the
     * inputs of a dense layer; the input channels of a convolution, times 9 if its windows have 3×3 pixels (He et al.,
     * "Delving deep into rectifiers", ICCV 2015).
     */
    weights: number | "he";
    /** Standard deviation of the biases. */
    biases: number;
    /** What the last layer's weights are multiplied by. Default 1. With 0, a residual network starts as the identity. */
    lastLayer?: number;
  };
}

/** One layer of a network. */
export type Layer = DenseLayer | Conv3x3Layer | Conv1x1Layer | PixelLayer | AddLayer;

/** A fully connected layer: each unit puts out a weighted sum of all inputs plus a bias, through an activation. */
export interface DenseLayer {
  /** The kind of layer. */
  type: "dense";
  /** The number of values that the layer puts out, from 1 to 2²⁰. */
  units: number;
  /** The function that is applied to the weighted sum; "linear" leaves it as it is. */
  activation: "linear" | "sigmoid" | "relu";
}

/** A convolution with windows of 3×3 pixels, whose output has the size of its input. */
export interface Conv3x3Layer {
  /** The kind of layer. */
  type: "conv3x3";
  /** The number of channels that the layer puts out, from 1 to 1024. */
  channels: number;
  /** Distance in pixels between the taps of its window, from 1 to 4. */
  dilation: number;
  /** The function that is applied to the result of the convolution; "linear" leaves it as it is. */
  activation: "linear" | "relu";
  /** Whether a bias is added for each channel. Default true. */
  bias?: boolean;
}

/** A convolution with windows of a single pixel: each pixel's channels are mixed, by the same weights everywhere. */
export interface Conv1x1Layer {
  /** The kind of layer. */
  type: "conv1x1";
  /** The number of channels that the layer puts out, from 1 to 1024. */
  channels: number;
  /** The function that is applied to the result of the convolution; "linear" leaves it as it is. */
  activation: "linear" | "relu";
  /** Whether a bias is added for each channel. Default true. */
  bias?: boolean;
}

/** A layer without weights that moves pixels into channels or back, as PyTorch's layers of these names with factor 2. */
export interface PixelLayer {
  /**
   * The kind of layer. "pixel-unshuffle" turns each square of 2×2 pixels of a channel into one pixel of four channels, in
   * the order top left, top right, bottom left, bottom right. "pixel-shuffle" does the reverse.
   */
  type: "pixel-unshuffle" | "pixel-shuffle";
}

/** Adds the output of an earlier layer to that of the layer before: a skip connection. */
export interface AddLayer {
  /** The kind of layer. */
  type: "add";
  /**
   * The earlier layer: "layer1" is the first. It has to put out as many channels as the layer before does, of the same
   * size, and be a convolution or come after one.
   */
  from: string;
}

export type ActivationName = DenseLayer["activation"];

/** A layer with its name, and the numbers of values (dense layers) or channels that it takes and puts out. */
export type LayerShape = Layer & {
  /** "layer1", "layer2", …: the names of the layer's tensors begin with it. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** How many times smaller than the picture the layer's output is, in height and in width. */
  readonly shrink: number;
};

export type DenseShape = Extract<LayerShape, { type: "dense" }>;
export type ConvShape = Extract<LayerShape, { type: "conv3x3" | "conv1x1" }>;

/** The name and the shape of a trainable tensor. */
export interface Parameter {
  /** `layer1.weight`, `layer1.bias`, … */
  readonly name: string;
  /** PyTorch's shape: [outputs, inputs], or [outputs, inputs, height, width], for a weight; [outputs] for a bias. */
  readonly shape: readonly number[];
}

/** Whether the network is made of convolutions. */
export function isConvolutional(spec: Spec): boolean {
  return spec.layers[0]!.type !== "dense";
}

export function isConvolution<Kind extends { readonly type: Layer["type"] }>(
  layer: Kind,
): layer is Extract<Kind, { type: "conv3x3" | "conv1x1" }> {
  return layer.type === "conv3x3" || layer.type === "conv1x1";
}

/** The height and the width of a convolution's windows, in pixels. */
export function windowOf({ type }: Pick<ConvShape, "type">): 1 | 3 {
  return type === "conv3x3" ? 3 : 1;
}

/** The index of the layer that an "add" layer names; −1 if that is no layer's name. */
export function sourceOf({ from }: AddLayer): number {
  return /^layer[1-9]\d?$/.test(from) ? Number(from.slice("layer".length)) - 1 : -1;
}

/** What a network of convolutions multiplies a picture's values (0 to 255) by. */
export function scaleOf(spec: Spec): number {
  return (spec.white ?? 255) / 255;
}

/** The number of values in one picture of the spec's input size. */
export function inputSize(spec: Spec): number {
  return spec.input.height * spec.input.width * spec.input.channels;
}

/** The layers from first to last, each with the numbers of its inputs and outputs. */
export function layerShapes(spec: Spec): LayerShape[] {
  const firstConvolution = spec.layers.findIndex(isConvolution);
  let channels = isConvolutional(spec) ? spec.input.channels : inputSize(spec);
  let shrink = 1;
  return spec.layers.map((layer, index) => {
    const inputs = channels + (spec.noiseLevel && index === firstConvolution ? 1 : 0);
    if (layer.type === "dense") channels = layer.units;
    else if (isConvolution(layer)) channels = layer.channels;
    else if (layer.type === "pixel-unshuffle") {
      channels = 4 * inputs;
      shrink *= 2;
    } else if (layer.type === "pixel-shuffle") {
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

/** The number that the height and the width of pictures have to be multiples of. */
export function shrinkOf(spec: Spec): number {
  return Math.max(...layerShapes(spec).map(({ shrink }) => shrink));
}

/** The names and shapes of all trainable tensors, layer by layer, the weight before the bias. */
export function parameters(spec: Spec): Parameter[] {
  return layerShapes(spec).flatMap((layer) => {
    const { name, inputs, outputs } = layer;
    const bias = { name: `${name}.bias`, shape: [outputs] };
    if (layer.type === "dense") return [{ name: `${name}.weight`, shape: [outputs, inputs] }, bias];
    if (!isConvolution(layer)) return [];
    const window = windowOf(layer);
    const weight = { name: `${name}.weight`, shape: [outputs, inputs, window, window] };
    return layer.bias === false ? [weight] : [weight, bias];
  });
}

/** The number of trainable values of a network. */
export function parameterCount(spec: Spec): number {
  return parameters(spec).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** The number of multiplications that a layer does for one picture of the spec's size. */
export function multiplicationsOf(layer: LayerShape, { input }: Spec): number {
  const { inputs, outputs, shrink } = layer;
  if (layer.type === "dense") return inputs * outputs;
  if (!isConvolution(layer)) return 0;
  return (windowOf(layer) ** 2 * inputs * outputs * input.height * input.width) / (shrink * shrink);
}

/**
 * The number of floating-point operations of a training step on `batch` pictures. Each multiplication of the forward pass
 * has two counterparts in the backward pass, and each of the three goes with an addition.
 */
export function trainingFlop(spec: Spec, batch: number): number {
  return layerShapes(spec).reduce((sum, layer) => sum + 6 * batch * multiplicationsOf(layer, spec), 0);
}

/** Whether weights of one network can be those of the other. The size of the pictures does not matter to convolutions. */
export function isSameNetwork(one: Spec, other: Spec): boolean {
  return description(one) === description(other);
}

/** A text that is the same for two specs of the same network. */
function description(spec: Spec): string {
  const { white = 255, residual = false, noiseLevel = false, padding = "zeros" } = spec;
  const layers = layerShapes(spec).map((layer) =>
    Object.entries({ bias: true, ...layer }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return JSON.stringify([white, residual, noiseLevel, padding, layers]);
}
