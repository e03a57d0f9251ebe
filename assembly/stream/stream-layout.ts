/**
 * The memory layout of a network for inference: first its layers and their weights, then the buffers whose size depends on
 * the width of the pictures. An instance of the module holds one network. `begin`, `addLayer` and `fit` return the address
 * at which everything placed so far ends; the caller has to make the memory that large before it calls anything else.
 */
import { Activation } from "../constants";
import { convolutionScratch, groupsTogether, transformedBytes } from "../conv/sizes";
import { transformWeights } from "../conv/winograd-weights";

/** A layer; addresses and distances are in bytes. */
@unmanaged
export class Layer {
  ins!: i32;
  outs!: i32;
  dilation!: i32;
  activation!: i32;
  /** U (conv3x3.ts), and the bias, padded to a multiple of 4 values. */
  weights!: usize;
  bias!: usize;
  /** Those rows of its input that it will still read, as an image in rows (pixels.ts). The first is row `top` of the picture. */
  rows!: usize;
  rowBytes!: usize;
  top!: i32;
  /** How many rows it computes at a time: a number of whole groups of rows (row-groups.ts). */
  block!: i32;
  /** How many rows of its input are there so far, and how many rows of its output it has computed. */
  came!: i32;
  went!: i32;
}

/** Bytes of the border to the left of a row: 4 columns. If borders are mirrored, there are as many to the right. */
export const BORDER: usize = 16;
/** How many bytes before the first row and after the last row of a buffer kernels may read. */
const SLACK: usize = 128;

/** Whether the border around a picture is its mirror image; otherwise it is zero. */
export let mirrored: bool = false;
let layers: usize = 0;
let layersEnd: usize = 0;
/** Where the parameters end, and the buffers whose size depends on the width begin. */
let start: usize = 0;
/** Where everything that is placed ends. */
let end: usize = 0;

export let width: i32 = 0;
/** Whether the borders still have to be cleared, since `fit` has placed the rows anew. */
let isNew: bool = false;
/** Bytes from one channel of a row to the next. */
export let pitch: usize = 0;
/** The scratch memory of conv3x3. */
export let scratch: usize = 0;
/** Where the rows of the output are written. There is room for as many as one `push` may compute. */
export let output: usize = 0;

/** Begins a network of `count` layers. @returns where everything placed so far ends */
export function begin(count: i32, mirror: bool): usize {
  mirrored = mirror;
  layers = layersEnd = place(0);
  return place(<usize>count * offsetof<Layer>());
}

/** Adds a layer. @returns where everything placed so far ends: the caller may write the arguments of `setParameters` there */
export function addLayer(ins: i32, outs: i32, dilation: i32, relu: bool): usize {
  const layer = changetype<Layer>(layersEnd);
  layersEnd += offsetof<Layer>();
  layer.ins = ins;
  layer.outs = outs;
  layer.dilation = dilation;
  layer.activation = relu ? Activation.relu : Activation.linear;
  layer.weights = place(<usize>transformedBytes(outs, ins));
  layer.bias = place(<usize>((outs + 3) & ~3) << 2);
  start = end;
  return end;
}

/** Sets the parameters of the layer that was added last: a weight as `transformWeights` (winograd-weights.ts) takes it, and float32 biases. */
export function setParameters(weight: usize, size: i32, scale: usize, bias: usize): void {
  const layer = changetype<Layer>(layersEnd - offsetof<Layer>());
  memory.fill(layer.weights, 0, end - layer.weights);
  transformWeights(layer.weights, weight, size, scale, layer.outs, layer.ins);
  memory.copy(layer.bias, bias, <usize>layer.outs << 2);
}

/** Places the buffers for pictures of this width. @returns where everything placed so far ends */
export function fit(pictureWidth: i32): usize {
  if (width == pictureWidth) return end;
  end = start;
  width = pictureWidth;
  isNew = true;
  const columns = <usize>((width + 3) & ~3) << 2;
  pitch = (BORDER + columns + (mirrored ? BORDER : 0) + 63) & ~63;
  let most: usize = 0;
  let incoming = 1;
  let delay = 1;
  let outs = 0;
  for (let at = layers; at < layersEnd; at += offsetof<Layer>()) {
    const layer = changetype<Layer>(at);
    const d = layer.dilation;
    const block = 4 * d * max(1, groupsTogether(width) / d);
    outs = layer.outs;
    layer.block = block;
    layer.rowBytes = <usize>layer.ins * pitch;
    // A block reads `block` + 2d rows. Before it is computed, a block of the layer before may arrive in addition, and d rows of border.
    layer.rows = place(<usize>(block + 3 * d + incoming) * layer.rowBytes + 2 * SLACK) + SLACK;
    most = max(most, <usize>convolutionScratch(layer.ins, outs));
    incoming = block;
    delay += block + d;
  }
  output = place(<usize>(delay * outs) * pitch + SLACK);
  scratch = place(most);
  return end;
}

/** Clears the rows and their borders after `fit` has placed them anew. Borders of zeros are not written to after that. */
export function clearBorders(): void {
  if (isNew) memory.fill(firstLayer().rows - SLACK, 0, output - firstLayer().rows + SLACK);
  isNew = false;
}

export function firstLayer(): Layer {
  return changetype<Layer>(layers);
}

/** The layer that follows, or null after the last. */
export function layerAfter(layer: Layer): Layer | null {
  const next = changetype<usize>(layer) + offsetof<Layer>();
  return next < layersEnd ? changetype<Layer>(next) : null;
}

/** The address of a row of a layer's input. */
export function rowAddress(layer: Layer, row: i32): usize {
  return layer.rows + <usize>(row - layer.top) * layer.rowBytes;
}

/** Reserves memory that shares no cache line with other buffers. */
function place(bytes: usize): usize {
  if (end == 0) end = (__heap_base + 63) & ~63;
  const at = end;
  end += (bytes + 63) & ~63;
  return at;
}
