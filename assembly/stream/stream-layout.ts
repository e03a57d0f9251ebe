/**
 * The memory layout of a network for inference: first its layers and their weights, then the rows of its values (rows.ts).
 * An instance of the module holds one network. `begin`, the functions that add a layer, and `fit` (conv-stream.ts) return
 * the address at which everything placed so far ends, as a float64, since it may be more than a memory can have; the caller
 * has to make the memory that large before it calls anything else.
 */
import { Activation } from "../constants";
import { convolutionScratch, transformedBytes, weightBytes, weightPanelBytes } from "../conv/sizes";
import { transformWeights, valueAt } from "../conv/winograd-weights";

/** What a layer does; the first of the records, which stands for the picture, does nothing. */
export enum Kind {
  picture,
  conv3x3,
  conv1x1,
  unshuffle,
  shuffle,
  add,
}

/** A layer, and its value: what it puts out. Its input is the value of the layer before it. Addresses and distances are in bytes. */
@unmanaged
export class Layer {
  kind!: i32;
  ins!: i32;
  outs!: i32;
  dilation!: i32;
  activation!: i32;
  /** U (conv3x3.ts) or panels (conv1x1.ts), and the bias, padded to a multiple of 4 values. */
  weights!: usize;
  bias!: usize;
  /** The earlier layer whose value an addition adds. */
  from!: Layer | null;
  /** How many rows a 3×3 convolution computes at a time: a number of whole groups of rows (row-groups.ts). */
  block!: i32;

  /** The value's channels: `outs`, and one more for the noise level if the first convolution reads it. */
  channels!: i32;
  /** How many times the picture's height and width are halved: their logarithm to base 2. */
  halvings!: i32;
  height!: i32;
  width!: i32;
  /** The columns [left, right) are computed. What the others hold is of no account. */
  left!: i32;
  right!: i32;
  /** Bytes from one channel of a row to the next, and from one row to the next. */
  pitch!: usize;
  rowBytes!: usize;
  /** How many rows above, below and beside it a 3×3 convolution reads, or 0. */
  border!: i32;
  /** The last addition that adds this value. It is behind all others in its work. */
  reader!: Layer | null;
  /** Its rows that will be read again, as an image in rows (pixels.ts). The first is row `top` of the value. */
  rows!: usize;
  top!: i32;
  /** How many rows there is room for, and how many of them have to be kept at the same time. */
  room!: i32;
  most!: i32;
  /** How many rows have been computed. */
  came!: i32;
}

/** Whether the border around a picture is its mirror image; otherwise it is zero. */
export let mirrored: bool = false;
/** The address of the noise level, which fills a channel of the first convolution's input; 0 if the network has none. */
export let level: usize = 0;
/** The scratch memory of conv3x3. */
export let scratch: usize = 0;
let scratchBytes: i32 = 0;
let layers: usize = 0;
let layersEnd: usize = 0;
/** Whether there is a convolution yet. */
let convolved: bool = false;
/** Where the parameters end, and the rows, whose number depends on the size of the pictures, begin. */
let parametersEnd: f64 = 0;
/** Where everything that is placed ends. */
let end: f64 = 0;

/** Begins a network of `count` layers for pictures of so many channels. @returns where everything placed so far ends */
export function begin(count: i32, channels: i32, mirror: bool, hasLevel: bool): f64 {
  mirrored = mirror;
  level = place(4);
  layers = layersEnd = place((count + 1) * offsetof<Layer>());
  if (!hasLevel) level = 0;
  const picture = changetype<Layer>(layers);
  // The records are written before the caller has made the memory larger. The memory's first page has room for them.
  layersEnd += offsetof<Layer>();
  picture.outs = picture.channels = channels;
  return (parametersEnd = end);
}

/**
 * Adds a convolution with windows of `window` × `window` pixels, 1 or 3.
 * @returns where everything placed so far ends: the caller may write the arguments of `setParameters` there
 */
export function addConvolution(window: i32, outs: i32, dilation: i32, relu: bool): f64 {
  const x = lastLayer();
  if (!convolved && level) x.channels++;
  convolved = true;
  const layer = add(window == 1 ? Kind.conv1x1 : Kind.conv3x3, outs, x.halvings);
  layer.dilation = dilation;
  layer.activation = relu ? Activation.relu : Activation.linear;
  const ins = layer.ins;
  if (window == 3) {
    x.border = dilation;
    scratchBytes = max(scratchBytes, convolutionScratch(ins, outs));
  }
  layer.weights = place(window == 1 ? weightBytes(outs, ins, 1) : transformedBytes(outs, ins));
  layer.bias = place(((outs + 3) & ~3) << 2);
  return (parametersEnd = end);
}

/** Adds a layer that moves pixels into channels, or back if `back`. */
export function addPixels(back: bool): void {
  const x = lastLayer();
  if (back) add(Kind.shuffle, x.channels >> 2, x.halvings - 1);
  else add(Kind.unshuffle, x.channels << 2, x.halvings + 1);
}

/** Adds a layer that adds the value of layer number `from`, 1 or more. */
export function addSum(from: i32): void {
  const x = lastLayer();
  const layer = add(Kind.add, x.channels, x.halvings);
  const source = changetype<Layer>(layers + <usize>from * offsetof<Layer>());
  layer.from = source;
  source.reader = layer;
}

function add(kind: Kind, outs: i32, halvings: i32): Layer {
  const ins = lastLayer().channels;
  const layer = changetype<Layer>(layersEnd);
  layersEnd += offsetof<Layer>();
  layer.kind = kind;
  layer.ins = ins;
  layer.outs = layer.channels = outs;
  layer.halvings = halvings;
  return layer;
}

/** Sets the parameters of the convolution that was added last: a weight as `transformWeights` (winograd-weights.ts) takes it, and float32 biases. */
export function setParameters(weight: usize, size: i32, scale: usize, bias: usize): void {
  const layer = lastLayer();
  const outs = layer.outs;
  memory.fill(layer.weights, 0, <usize>end - layer.weights);
  if (layer.kind == Kind.conv3x3) transformWeights(layer.weights, weight, size, scale, outs, layer.ins);
  else panelWeights(layer.weights, weight, size, scale, outs, layer.ins);
  memory.copy(layer.bias, bias, <usize>outs << 2);
}

/** Panels of 4 outputs (conv1x1.ts) from a weight [outs, ins], given as to `transformWeights`. w: zeros at first. */
function panelWeights(w: usize, weight: usize, size: i32, scale: usize, outs: i32, ins: i32): void {
  for (let o = 0; o < outs; o++, scale += 4) {
    let at = w + <usize>((o >> 2) * weightPanelBytes(ins, 1)) + (<usize>(o & 3) << 2);
    for (let i = 0; i < ins; i++, at += 16, weight += <usize>size) store<f32>(at, <f32>valueAt(weight, size, scale));
  }
}

/** Forgets what was placed after the parameters, and places the scratch memory there. */
export function placeScratch(): void {
  end = parametersEnd;
  scratch = place(scratchBytes);
}

/** The record of the picture. */
export function firstLayer(): Layer {
  return changetype<Layer>(layers);
}

/** The layer that was added last. */
export function lastLayer(): Layer {
  return changetype<Layer>(layersEnd - offsetof<Layer>());
}

/** The layer that follows, or null after the last. */
export function layerAfter(layer: Layer): Layer | null {
  const next = changetype<usize>(layer) + offsetof<Layer>();
  return next < layersEnd ? changetype<Layer>(next) : null;
}

/** The layer whose value a layer reads. It must not be the picture. */
export function layerBefore(layer: Layer): Layer {
  return changetype<Layer>(changetype<usize>(layer) - offsetof<Layer>());
}

/** Where everything that is placed ends. */
export function placedEnd(): f64 {
  return end;
}

/** Reserves memory that shares no cache line with other buffers. */
export function place(bytes: f64): usize {
  if (end == 0) end = <f64>((__heap_base + 63) & ~63);
  const at = <usize>end;
  end += ceil(bytes / 64) * 64;
  return at;
}
