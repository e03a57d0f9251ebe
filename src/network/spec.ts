/** Specs, and the shapes that follow from them: the only place that knows sizes. */

/**
 * What a network is: plain JSON. Shapes follow PyTorch, so that a model file opens there as it is: the weight of a dense
 * layer is [outputs, inputs], that of a convolution [outputs, inputs, 3, 3].
 */
export interface Spec {
  /**
   * The pictures that the network is trained on. A network of convolutions takes pictures of any size with these
   * channels.
   */
  input: {
    /** In pixels, from 1 to 2²⁰. */
    height: number;
    /** In pixels, from 1 to 2²⁰. */
    width: number;
    /** Values of each pixel: 1 for grey, 3 for RGB. */
    channels: number;
  };
  /** What white, 255 in a picture, is inside the network: 255 if left out. */
  white?: number;
  /**
   * 1 to 64 layers, the first one first: dense layers only, or convolutions and pixel layers. The last convolution is
   * linear.
   */
  layers: Layer[];
  /** What convolutions take for what lies outside a picture: zeros if left out, or the picture mirrored there. */
  padding?: "zeros" | "reflect";
  /** The network predicts the noise: the output is the input minus what the last layer puts out. */
  residual?: boolean;
  /**
   * The level of the noise, in grey levels and the same for every pixel of a picture, is the last input channel of the
   * first convolution. Of Gaussian noise the level is the standard deviation; `levelOf` gives it for any noise.
   */
  noiseLevel?: boolean;
  /** What weights and biases are before the first step: drawn from normal distributions with a mean of 0. */
  initialization: {
    /**
     * Standard deviation of the weights. "he": √(2 / inputs of a unit) (He et al., "Delving deep into rectifiers", ICCV
     * 2015).
     */
    weights: number | "he";
    /** Standard deviation of the biases. */
    biases: number;
    /** What the last layer's weights are multiplied with: with 0, a residual network begins by changing nothing. */
    lastLayer?: number;
  };
}

/** One layer of a network. */
export type Layer = DenseLayer | Conv3x3Layer | PixelLayer;

/** Weighted sums of all values that come in. */
export interface DenseLayer {
  /** The kind of layer. */
  type: "dense";
  /** Values that it puts out, from 1 to 2²⁰. */
  units: number;
  /** What follows the weighted sum. */
  activation: "linear" | "sigmoid" | "relu";
}

/** A convolution with windows of 3×3 pixels, whose output has the size of its input. */
export interface Conv3x3Layer {
  /** The kind of layer. */
  type: "conv3x3";
  /** Channels that it puts out, from 1 to 1024. */
  channels: number;
  /** Distance in pixels between the taps of its window, from 1 to 4. */
  dilation: number;
  /** What follows the convolution. */
  activation: "linear" | "relu";
}

/** Pixels moved into channels or back, without weights; as PyTorch's layers of these names with the factor 2. */
export interface PixelLayer {
  /**
   * pixel-unshuffle: each 2×2 pixels of a channel become one pixel of four channels, top left, top right, bottom left,
   * bottom right; pixel-shuffle: the other way round.
   */
  type: "pixel-unshuffle" | "pixel-shuffle";
}

export type ActivationName = DenseLayer["activation"];

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
