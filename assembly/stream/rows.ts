/**
 * The rows of the values of a network for inference. A buffer holds those rows of a value that will be read again, and a few
 * more. When there is no room for further rows, the rows that nobody will read again are dropped, and the others move up.
 *
 * How many rows have to be kept follows from the picture's size and from the order of the work. It is found by counting: the
 * work is done once without computing anything (`counting`), so it is exact, and no buffer can overflow.
 */
import { fillChannel } from "../conv/pixels";
import { groupsTogether } from "../conv/sizes";
import {
  firstLayer, Kind, lastLayer, Layer, layerAfter, layerBefore, level, mirrored, place, placeScratch,
} from "./stream-layout";

/** Bytes of the border to the left of a row: 4 columns. If borders are mirrored, there are as many to the right. */
const BORDER: usize = 16;
/** How many bytes before the first row and after the last row of a buffer kernels may read. */
const SLACK: usize = 128;

/** Whether rows are only counted. */
export let counting: bool = false;
/** Where the buffers begin and end. */
let begin: usize = 0;
let end: usize = 0;
/** How many rows of the last value the caller has taken. */
let taken: i32 = 0;

/** Sets the sizes of all values, for pictures of this size. */
export function setSizes(height: i32, width: i32): void {
  for (let layer: Layer | null = firstLayer(); layer; layer = layerAfter(layer)) {
    layer.height = height >> layer.halvings;
    layer.width = width >> layer.halvings;
    const columns = <usize>((layer.width + 3) & ~3) << 2;
    layer.pitch = (BORDER + columns + (mirrored ? BORDER : 0) + 63) & ~63;
    layer.rowBytes = <usize>layer.channels * layer.pitch;
    layer.most = 0;
    const d = layer.dilation;
    layer.block = d ? 4 * d * max(1, groupsTogether(layer.width) / d) : layer.height;
  }
}

/**
 * Sets the columns that are computed: of the last value [left, right), as far as there are such, and of the others all that
 * these depend on. What an addition reads of the earlier of its two layers is there, since the layers between need more of it.
 */
export function setColumns(left: i32, right: i32): void {
  for (let layer = lastLayer(); ; layer = layerBefore(layer)) {
    // Whole vectors, as in a picture of which nothing is left out.
    layer.left = left = max(0, left & ~3);
    layer.right = right = min(layer.width, (right + 3) & ~3);
    if (layer == firstLayer()) return;
    if (layer.kind == Kind.unshuffle) {
      left <<= 1;
      right <<= 1;
    } else if (layer.kind == Kind.shuffle) {
      left >>= 1;
      right >>= 1;
    } else {
      left -= layer.dilation;
      right += layer.dilation;
    }
  }
}

/** Begins a picture: there are no rows of any value. */
export function clearRows(count: bool): void {
  counting = count;
  taken = 0;
  for (let layer: Layer | null = firstLayer(); layer; layer = layerAfter(layer)) {
    layer.top = -layer.border;
    layer.came = 0;
    if (!count) memory.fill(layer.rows, 0, <usize>layer.border * layer.rowBytes);
  }
}

/** Places the buffers of all values, after their rows were counted. */
export function placeRows(): void {
  placeScratch();
  begin = place(0);
  for (let layer: Layer | null = firstLayer(); layer; layer = layerAfter(layer)) {
    // With half as many rows more, rows have to move up only after each such half.
    layer.room = layer.most + (layer.most >> 1);
    layer.rows = place(<f64>layer.room * layer.channels * layer.pitch + 2 * SLACK) + SLACK;
  }
  end = place(0);
}

/** Clears all rows and their borders, after they were placed. Borders of zeros beside rows are not written to after that. */
export function clearBuffers(): void {
  memory.fill(begin, 0, end - begin);
}

/** Makes room for `count` rows of a value after those that have come, and for the border below them if they are the last. */
export function makeRoom(value: Layer, count: i32): void {
  const came = value.came;
  let last = came + count;
  if (last == value.height) last += value.border;
  if (!counting && last - value.top <= value.room) return;
  const first = firstNeeded(value);
  if (counting) {
    value.most = max(value.most, last - first);
    return;
  }
  if (came > first) copyRows(value, value.top, first, came - first);
  value.top = first;
  assert(last - first <= value.most);
}

/** The first of a value's rows that will be read again. */
function firstNeeded(value: Layer): i32 {
  const next = layerAfter(value);
  if (!next) return taken;
  const done = next.came;
  let first = done;
  if (next.kind == Kind.conv3x3) first -= next.dilation;
  else if (next.kind == Kind.unshuffle) first <<= 1;
  else if (next.kind == Kind.shuffle) first >>= 1;
  const reader = value.reader;
  return reader ? min(first, reader.came) : first;
}

/** Ends the computation of `count` rows of a value: they have come, and what lies around them is filled in. */
export function addRows(value: Layer, count: i32): void {
  const came = value.came;
  value.came += count;
  if (counting) return;
  if (value.channels > value.outs) {
    fillChannel(rowAddress(value, came), level, value.outs, value.channels, count, value.width, value.pitch, 0, 1, 0, count);
  }
  const d = value.border;
  if (mirrored && d) {
    for (let r = 0; r < count; r++) mirrorColumns(value, came + r);
    // Row d is the last that the border above mirrors.
    if (came <= d && value.came > d) for (let s = 1; s <= d; s++) copyRows(value, -s, s, 1);
  }
  if (value.came < value.height) return;
  for (let s = 0; s < d; s++) {
    if (mirrored) copyRows(value, value.height + s, value.height - 2 - s, 1);
    else memory.fill(rowAddress(value, value.height + s), 0, value.rowBytes);
  }
}

/** Copies `count` rows of a value, beginning at row `from`, to row `to` and those after it, each with the border on its left. */
function copyRows(value: Layer, to: i32, from: i32, count: i32): void {
  memory.copy(rowAddress(value, to) - BORDER, rowAddress(value, from) - BORDER, <usize>count * value.rowBytes);
}

/** Writes the left and right borders of a row: the row mirrored at its ends, as far as a window reaches. */
function mirrorColumns(value: Layer, row: i32): void {
  let left = rowAddress(value, row);
  for (let c = 0; c < value.channels; c++, left += value.pitch) {
    const right = left + (<usize>(value.width - 1) << 2);
    for (let s: usize = 4; s <= <usize>value.border << 2; s += 4) {
      store<f32>(left - s, load<f32>(left + s));
      store<f32>(right + s, load<f32>(right - s));
    }
  }
}

/** The rows of the last value that were not taken yet become taken. @returns the first of them */
export function takeRows(value: Layer): i32 {
  const first = taken;
  taken = value.came;
  return first;
}

/** The address of a row of a value. */
export function rowAddress(value: Layer, row: i32): usize {
  assert(row >= value.top && row < value.top + value.room);
  return value.rows + <usize>(row - value.top) * value.rowBytes;
}
