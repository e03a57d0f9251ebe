/**
 * A network of 3×3 convolutions over a picture of any height, row by row: each layer follows the one before it at the
 * distance of its window, and keeps the few rows that it will read again. So no value is computed twice, every value
 * is the whole picture's, and the memory depends on the width alone.
 */
import {
  clear,
  firstLayer,
  input,
  Layer,
  layerAfter,
  mirrored,
  output,
  plainPitch,
} from "./stream-layout";
import { convolveRow } from "./winograd";
import { enterPlain, leavePlain, transformRow } from "./winograd-rows";

let height: i32 = 0;
/** Rows that came out since `push` was called. */
let fresh: i32 = 0;

/** Begins a picture. Where borders are mirrored, it has to be wider and higher than every dilation. */
export function start(pictureHeight: i32): void {
  height = pictureHeight;
  clear();
}

/**
 * Takes the next row from `input`, channels at a distance of `plainPitch`, and lets every layer compute all that it can.
 * @returns the rows of the output that are new, from `output` on
 */
export function push(): i32 {
  const layer = firstLayer();
  fresh = 0;
  enterPlain(input, layer.ins);
  transformRow(rowOf(layer, layer.came), layer.ins, layer.dilation);
  layer.came++;
  advance(layer);
  return fresh;
}

/** Computes the rows of a layer that its input allows, and passes them on. */
function advance(layer: Layer): void {
  const next = layerAfter(layer);
  const d = layer.dilation;
  const outs = layer.outs;
  while (layer.went < height) {
    const row = layer.went;
    // Below the picture go rows of zeros, or mirrored ones.
    for (; layer.came >= height && layer.came <= row + d; layer.came++) {
      if (mirrored) copyRow(layer, layer.came, 2 * height - 2 - layer.came);
      else memory.fill(rowOf(layer, layer.came), 0, layer.rowBytes);
    }
    if (layer.came <= row + d) return;
    if (mirrored && row == 0) for (let r = 1; r <= d; r++) copyRow(layer, 2 * d + 1 - r, r);
    const place = row % (2 * d + 1);
    const table = place < d ? 1 : place > d ? 2 : 0;
    convolveRow(layer, rowOf(layer, row), layer.taps + <usize>(table * layer.ins) * 12);
    layer.went++;
    if (next) {
      transformRow(rowOf(next, next.came), outs, next.dilation);
      next.came++;
      advance(next);
    } else {
      leavePlain(output + <usize>(fresh * outs) * plainPitch, outs);
      fresh++;
    }
  }
}

function rowOf(layer: Layer, row: i32): usize {
  return layer.ring + <usize>(row % (2 * layer.dilation + 1)) * layer.rowBytes;
}

/** Row `to` = row `from`. */
function copyRow(layer: Layer, to: i32, from: i32): void {
  memory.copy(rowOf(layer, to), rowOf(layer, from), layer.rowBytes);
}
