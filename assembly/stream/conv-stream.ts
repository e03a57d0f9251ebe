/**
 * Runs a network of convolutions over a picture of any height, row by row. A layer computes rows as soon as all rows that it
 * reads are there, and passes them on at once; only those rows of a value are kept that will be read again (rows.ts). So
 * every row is computed once and is the same as if the whole picture were computed at once, and the memory depends on the
 * picture's width, not on its height.
 *
 * An addition never waits for the earlier of its two layers: the later one gets its rows from the earlier one.
 */
import { conv1x1 } from "../conv/conv1x1";
import { conv3x3 } from "../conv/conv3x3";
import { addImages, pixelShuffle, pixelUnshuffle } from "../conv/pixels";
import { groupsOf } from "../conv/sizes";
import {
  addRows, clearBuffers, clearRows, counting, makeRoom, placeRows, rowAddress, setColumns, setSizes, takeRows,
} from "./rows";
import {
  firstLayer, Kind, lastLayer, Layer, layerAfter, layerBefore, level, placedEnd, scratch,
} from "./stream-layout";

/** Bytes from one channel to the next, in a row of the picture and in a row of the output. */
export let pitch: usize = 0;
/** The address at which the caller writes the next row of the picture. */
export let input: usize = 0;
/** The address of the first row that the last `push` put out. */
export let output: usize = 0;
/** The size for which the rows were placed. */
let fittedHeight: i32 = 0;
let fittedWidth: i32 = 0;
/** Whether the buffers still have to be cleared. */
let isNew: bool = false;

/**
 * Places the rows for pictures of this size. Both have to be multiples of what the pixel layers need and, if borders are
 * mirrored, every value has to be higher and wider than the dilation of the convolution that reads it.
 *
 * Only the columns [left, right) of the output become right; of every other value, those are computed that they depend on.
 * Where the picture is a window of a larger one, this saves much of what neighbouring windows would compute twice.
 * @returns where everything placed so far ends
 */
export function fit(height: i32, width: i32, left: i32, right: i32): f64 {
  if (height != fittedHeight || width != fittedWidth) {
    fittedHeight = height;
    fittedWidth = width;
    isNew = true;
    setSizes(height, width);
    clearRows(true);
    makeRoom(firstLayer(), 1);
    for (let row = 0; row < height; row++) push();
    placeRows();
    pitch = firstLayer().pitch;
  }
  setColumns(left, right);
  return placedEnd();
}

/** Begins a picture of the size of the last `fit`, with this noise level as the network sees it. */
export function start(noise: f32): void {
  if (isNew) clearBuffers();
  isNew = false;
  if (level) store<f32>(level, noise);
  clearRows(false);
  makeRoom(firstLayer(), 1);
  input = rowAddress(firstLayer(), 0);
}

/**
 * Takes the row at `input` as the picture's next row, and computes all rows of every layer that this makes possible.
 * @returns how many rows of the output are new; they begin at `output`
 */
export function push(): i32 {
  const picture = firstLayer();
  const last = lastLayer();
  pass(picture, 1);
  const first = takeRows(last);
  if (picture.came < picture.height) makeRoom(picture, 1);
  if (!counting) {
    if (picture.came < picture.height) input = rowAddress(picture, picture.came);
    if (last.came > first) output = rowAddress(last, first);
  }
  return last.came - first;
}

/** Takes `rows` new rows of a layer's value, and computes those rows of the next layer's value that are possible now. */
function pass(x: Layer, rows: i32): void {
  addRows(x, rows);
  const layer = layerAfter(x);
  if (!layer) return;
  for (let count = possible(layer, x); count > 0; count = possible(layer, x)) {
    makeRoom(layer, count);
    if (!counting) compute(layer, x, count);
    pass(layer, count);
  }
}

/** How many rows of a layer's value can be computed now, at a time, from the rows of x that have come. */
function possible(layer: Layer, x: Layer): i32 {
  const done = layer.came;
  const came = x.came;
  if (layer.kind == Kind.unshuffle) return (came >> 1) - done;
  if (layer.kind == Kind.shuffle) return (came << 1) - done;
  if (layer.kind == Kind.conv3x3 && came < x.height && came < done + layer.block + layer.dilation) return 0;
  return min(layer.block, came - done);
}

/** Computes the next `count` rows of a layer's value from those of x, the value before it. */
function compute(layer: Layer, x: Layer, count: i32): void {
  const done = layer.came;
  const left = layer.left;
  const y = rowAddress(layer, done) + (<usize>left << 2);
  const outs = layer.outs;
  const ins = layer.ins;
  const width = layer.right - left;
  const pitch = layer.pitch;
  if (layer.kind == Kind.unshuffle) {
    const from = rowAddress(x, done << 1) + (<usize>left << 3);
    pixelUnshuffle(y, from, layer.channels, ins, count, width, pitch, 0, x.pitch, 0, 0, count);
    return;
  }
  if (layer.kind == Kind.shuffle) {
    const from = rowAddress(x, done >> 1) + (<usize>left << 1);
    pixelShuffle(y, from, ins, outs, count >> 1, width >> 1, x.pitch, 0, pitch, 0, 0, count >> 1);
    return;
  }
  const from = rowAddress(x, done) + (<usize>left << 2);
  if (layer.kind == Kind.add) {
    addImages(y, from, rowAddress(layer.from!, done) + (<usize>left << 2), 0, outs, count, width, pitch, 0, 0, count);
    return;
  }
  const weights = layer.weights, bias = layer.bias, activation = layer.activation;
  if (layer.kind == Kind.conv1x1) {
    conv1x1(y, from, weights, bias, 0, ins, outs, count, width, pitch, 0, activation, 0, count);
    return;
  }
  const d = layer.dilation;
  conv3x3(y, from, weights, bias, 0, scratch, ins, outs, count, width, pitch, 0, d, activation, 0, groupsOf(count, d));
}
