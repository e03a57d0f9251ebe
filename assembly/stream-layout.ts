/**
 * Where a network for inference lies in memory: its layers and their weights, then what depends on the width of the
 * pictures. One network to an instance. Functions that place say where all that is placed ends: the memory has to
 * reach so far before anything is put there.
 */
import { productsBytes } from "./winograd-products";
import { panelsBytes, transformWeights } from "./winograd-weights";

/** A layer; addresses and distances are in bytes. */
@unmanaged
export class Layer {
  ins!: i32;
  outs!: i32;
  dilation!: i32;
  relu!: i32;
  /** U (winograd.ts) and the bias, whose length is that of whole panels. */
  weights!: usize;
  bias!: usize;
  /** Three tables of taps: as they are; for rows whose upper, and whose lower neighbours lie around the ring's end. */
  taps!: usize;
  /** The transformed rows that it reads: a ring of 2 · dilation + 1, the row r of the picture in place r mod that. */
  ring!: usize;
  rowBytes!: usize;
  /** Rows that came in, with those below the picture, and rows that went out. */
  came!: i32;
  went!: i32;
}

/** Bytes past a buffer's last row that kernels may read. */
const SLACK: usize = 128;

/** Whether what lies outside a picture is its mirror image, or zero. */
export let mirrored: bool = false;
/** What columns are split by: a multiple of 4 · dilation for every layer. */
export let modulus: i32 = 4;
/** Rows by which the output is behind the input. */
let delay: i32 = 0;
let layers: usize = 0;
let layersEnd: usize = 0;
/** Where the parameters end, and what depends on the width begins. */
let start: usize = 0;
/** Where what is placed ends. */
let end: usize = 0;

export let width: i32 = 0;
/** Of 4 groups, for each set of groups: ⌈width / 4 modulus⌉. */
export let vectors: i32 = 0;
/** The split row, and from one residue of a channel to the next. */
export let split: usize = 0;
export let splitPitch: usize = 0;
export let products: usize = 0;
/** From one channel to the next of a transformed row, and of a plain one. */
export let pitch: usize = 0;
export let plainPitch: usize = 0;
/** The plain row that goes in, and as many that come out as `push` may give at once. */
export let input: usize = 0;
export let output: usize = 0;

/** Begins a network of so many layers. @returns where its records end */
export function begin(count: i32, mirror: bool): usize {
  mirrored = mirror;
  layers = layersEnd = place(0);
  return place(<usize>count * offsetof<Layer>());
}

/** Adds a layer. @returns where its parameters end; `setParameters` may have its sources there */
export function addLayer(ins: i32, outs: i32, dilation: i32, relu: i32): usize {
  const layer = changetype<Layer>(layersEnd);
  layersEnd += offsetof<Layer>();
  layer.ins = ins;
  layer.outs = outs;
  layer.dilation = dilation;
  layer.relu = relu;
  layer.weights = place(6 * panelsBytes(outs, ins));
  layer.bias = place(<usize>roundUp(outs, 4) << 2);
  layer.taps = place(<usize>ins * 36);
  delay += dilation;
  const step = modulus;
  while (modulus % (4 * dilation)) modulus += step;
  start = end;
  return end;
}

/** Sets the parameters of the layer that was added last, from a weight as in winograd-weights.ts and float32 biases. */
export function setParameters(weight: usize, size: i32, scale: usize, bias: usize): void {
  const layer = changetype<Layer>(layersEnd - offsetof<Layer>());
  memory.fill(layer.weights, 0, layer.taps - layer.weights);
  transformWeights(layer.weights, weight, size, scale, layer.outs, layer.ins);
  memory.copy(layer.bias, bias, <usize>layer.outs << 2);
}

/** Places what pictures of a width need. @returns where it ends */
export function fit(pictureWidth: i32): usize {
  if (width == pictureWidth) return end;
  end = start;
  width = pictureWidth;
  vectors = (width + 4 * modulus - 1) / (4 * modulus);
  // An even number of cache lines would put all channels into a few sets of the cache.
  const bytes = <usize>(4 * modulus * vectors);
  pitch = bytes & 127 ? bytes : bytes + 64;
  splitPitch = <usize>(vectors + 2) << 4;
  plainPitch = <usize>roundUp(width, 16) << 2;
  const first = firstLayer();
  let outs = 0;
  let most = first.ins;
  for (let at = layers; at < layersEnd; at += offsetof<Layer>()) {
    const layer = changetype<Layer>(at);
    layer.rowBytes = <usize>(6 * layer.ins) * pitch;
    layer.ring = place(<usize>(2 * layer.dilation + 1) * layer.rowBytes + SLACK);
    outs = layer.outs;
    most = max(most, outs);
  }
  input = place(<usize>first.ins * plainPitch);
  output = place(<usize>((delay + 1) * outs) * plainPitch);
  split = place(<usize>(most * modulus) * splitPitch) + 16;
  products = place(6 * productsBytes(most));
  return end;
}

/** Makes all ready for a picture of the width of the last `fit`. */
export function clear(): void {
  // The margins of the split row have to be zero.
  memory.fill(split - 16, 0, products - split + 16);
  for (let at = layers; at < layersEnd; at += offsetof<Layer>()) {
    const layer = changetype<Layer>(at);
    const d = <usize>layer.dilation;
    layer.came = layer.went = 0;
    // The rows above the picture.
    memory.fill(layer.ring + (d + 1) * layer.rowBytes, 0, d * layer.rowBytes);
    setTaps(layer);
  }
}

/** taps[k] for k = 3i + ky, in three tables. */
function setTaps(layer: Layer): void {
  const ins = layer.ins;
  const reach = <usize>layer.dilation * layer.rowBytes;
  let table = layer.taps;
  for (let i = 0; i < ins; i++, table += 12) {
    const at = <usize>i * pitch;
    for (let which: usize = 0; which < 3; which++) {
      const taps = table + which * <usize>ins * 12;
      store<usize>(taps, which == 1 ? at + reach + layer.rowBytes : at - reach);
      store<usize>(taps, at, 4);
      store<usize>(taps, which == 2 ? at - reach - layer.rowBytes : at + reach, 8);
    }
  }
}

export function firstLayer(): Layer {
  return changetype<Layer>(layers);
}

/** The layer that follows, or null after the last. */
export function layerAfter(layer: Layer): Layer | null {
  const next = changetype<usize>(layer) + offsetof<Layer>();
  return next < layersEnd ? changetype<Layer>(next) : null;
}

/** Places bytes on cache lines of their own. */
function place(bytes: usize): usize {
  if (end == 0) end = (__heap_base + 63) & ~63;
  const at = end;
  end += (bytes + 63) & ~63;
  return at;
}

function roundUp(value: i32, multiple: i32): i32 {
  return ((value + multiple - 1) / multiple) * multiple;
}
