/**
 * Where a network for inference lies in memory: first its layers and their weights, then what depends on the width of the
 * pictures. An instance of the module holds one network. `begin`, `addLayer` and `fit` return where all that has been placed
 * so far ends; the caller makes the memory that large before it calls anything else.
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
  /** U (conv3x3.ts) and the bias, whose length is that of whole panels. */
  weights!: usize;
  bias!: usize;
  /** The rows of its input that its windows will still read, as an image in rows (pixels.ts). The first is row `top` of the picture. */
  rows!: usize;
  rowBytes!: usize;
  top!: i32;
  /** How many rows it computes at a time: whole groups of rows (row-groups.ts). */
  block!: i32;
  /** How many rows of its input have come, and how many rows of its output it has computed. */
  came!: i32;
  went!: i32;
}

/** Bytes of the border left of a row: 4 columns. A mirrored picture has as many on the right. */
export const BORDER: usize = 16;
/** How many bytes before the first row and behind the last row of a buffer kernels may read. */
const SLACK: usize = 128;

/** Whether what lies outside a picture is its mirror image, or zero. */
export let mirrored: bool = false;
let layers: usize = 0;
let layersEnd: usize = 0;
/** Where the parameters end and what depends on the width begins. */
let start: usize = 0;
/** Where what is placed ends. */
let end: usize = 0;

export let width: i32 = 0;
/** Whether the borders still have to be cleared, because rows were placed anew. */
let isNew: bool = false;
/** From one channel of a row to the next. */
export let pitch: usize = 0;
/** Scratch of the convolutions. */
export let scratch: usize = 0;
/** Where the rows of the output go, with room for as many as one `push` may give. */
export let output: usize = 0;

/** Begins a network of `count` layers. @returns where what is placed ends */
export function begin(count: i32, mirror: bool): usize {
  mirrored = mirror;
  layers = layersEnd = place(0);
  return place(<usize>count * offsetof<Layer>());
}

/** Adds a layer. @returns where what is placed ends: the caller may put the sources of `setParameters` there */
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

/** Sets the parameters of the layer that was added last, from a weight as in winograd-weights.ts and float32 biases. */
export function setParameters(weight: usize, size: i32, scale: usize, bias: usize): void {
  const layer = changetype<Layer>(layersEnd - offsetof<Layer>());
  memory.fill(layer.weights, 0, end - layer.weights);
  transformWeights(layer.weights, weight, size, scale, layer.outs, layer.ins);
  memory.copy(layer.bias, bias, <usize>layer.outs << 2);
}

/** Places what pictures of a width need. @returns where what is placed ends */
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
    // A block reads block + 2d rows. While they wait, another block of the layer before may come, and d rows of border.
    layer.rows = place(<usize>(block + 3 * d + incoming) * layer.rowBytes + 2 * SLACK) + SLACK;
    most = max(most, <usize>convolutionScratch(layer.ins, outs));
    incoming = block;
    delay += block + d;
  }
  output = place(<usize>(delay * outs) * pitch + SLACK);
  scratch = place(most);
  return end;
}

/** Clears the borders after a `fit` has placed rows anew: borders have to be zero, and no kernel writes to them. */
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

/** Where a row of a layer's input is. */
export function rowAddress(layer: Layer, row: i32): usize {
  return layer.rows + <usize>(row - layer.top) * layer.rowBytes;
}

/** Places bytes on cache lines of their own. */
function place(bytes: usize): usize {
  if (end == 0) end = (__heap_base + 63) & ~63;
  const at = end;
  end += (bytes + 63) & ~63;
  return at;
}
