/**
 * Runs a network of 3×3 convolutions over a picture of any height, row by row. Each layer keeps only those rows of its input
 * that it will read again. Every value is computed once and is the same as if the whole picture were computed at once, and
 * the memory depends on the width alone.
 *
 * A layer computes a block of rows as soon as all input rows that the block's windows read are there. It writes the block to
 * where the next layer reads its input.
 */
import { conv3x3 } from "../conv/conv3x3";
import { groupsOf } from "../conv/sizes";
import { BORDER, clearBorders, firstLayer, Layer, layerAfter, mirrored, output, pitch, rowAddress, scratch, width } from "./stream-layout";

let height: i32 = 0;
/** How many rows of the output were computed since `push` was called. */
let fresh: i32 = 0;
/** The address at which the caller writes the next row of the picture. Its channels are `pitch` bytes apart. */
export let input: usize = 0;

/** Begins a picture of the width of the last `fit`. If borders are mirrored, width and height have to be larger than every dilation. */
export function start(pictureHeight: i32): void {
  height = pictureHeight;
  clearBorders();
  for (let layer: Layer | null = firstLayer(); layer; layer = layerAfter(layer)) {
    const d = layer.dilation;
    layer.top = -d;
    layer.came = layer.went = 0;
    memory.fill(layer.rows, 0, <usize>d * layer.rowBytes);
  }
  input = rowAddress(firstLayer(), 0);
}

/**
 * Takes the row at `input` as the picture's next row, and computes all rows of every layer that this makes possible.
 * @returns how many rows of the output are new; they begin at `output`
 */
export function push(): i32 {
  fresh = 0;
  take(firstLayer(), 1);
  input = rowAddress(firstLayer(), firstLayer().came);
  return fresh;
}

/** Takes `rows` new rows of a layer's input, computes the blocks of its output that are possible now, and passes them on. */
function take(layer: Layer, rows: i32): void {
  const next = layerAfter(layer);
  const d = layer.dilation;
  if (mirrored) for (let r = 0; r < rows; r++) mirrorColumns(layer, layer.came + r);
  layer.came += rows;
  // The border follows after the last row: zeros, or the rows above it, mirrored.
  if (layer.came == height) {
    for (let s = 1; s <= d; s++) {
      if (mirrored) copyRows(layer, height - 1 + s, height - 1 - s, 1);
      else memory.fill(rowAddress(layer, height - 1 + s), 0, layer.rowBytes);
    }
  }
  while (layer.went < height && (layer.came == height || layer.came >= layer.went + layer.block + d)) {
    const row = layer.went;
    if (mirrored && row == 0) for (let s = 1; s <= d; s++) copyRows(layer, -s, s, 1);
    const count = min(layer.block, height - row);
    const y = next ? rowAddress(next, next.came) : output + <usize>(fresh * layer.outs) * pitch;
    conv3x3(
      y, rowAddress(layer, row), layer.weights, layer.bias, 0, scratch, layer.ins, layer.outs, count, width, pitch, 0, d,
      layer.activation, 0, groupsOf(count, d),
    );
    layer.went += count;
    if (next) take(next, count);
    else fresh += count;
  }
  // Rows that no window will read again are dropped; the others move up.
  const top = layer.went - d;
  if (top > layer.top) {
    copyRows(layer, layer.top, top, layer.came - top);
    layer.top = top;
  }
}

/** Copies `count` rows, beginning at row `from`, to row `to` and those after it, each with the border on its left. */
function copyRows(layer: Layer, to: i32, from: i32, count: i32): void {
  memory.copy(rowAddress(layer, to) - BORDER, rowAddress(layer, from) - BORDER, <usize>count * layer.rowBytes);
}

/** Writes the left and right borders of a row: the row mirrored at its ends, as far as a window reaches. */
function mirrorColumns(layer: Layer, row: i32): void {
  let left = rowAddress(layer, row);
  for (let c = 0; c < layer.ins; c++, left += pitch) {
    const right = left + (<usize>(width - 1) << 2);
    for (let s: usize = 4; s <= <usize>layer.dilation << 2; s += 4) {
      store<f32>(left - s, load<f32>(left + s));
      store<f32>(right + s, load<f32>(right - s));
    }
  }
}
