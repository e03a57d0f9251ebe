/** A row of a picture between its three forms: plain, split and transformed; winograd.ts says what they are. */
import { mirrored, modulus, pitch, plainPitch, split, splitPitch, vectors, width } from "./stream-layout";
import { storeInputs } from "./winograd-transforms";

/** A plain row of `channels` into the split one. */
export function enterPlain(plain: usize, channels: i32): void {
  copyPlain(plain, channels, true);
  clearTail(channels);
}

/** A plain row of `channels` out of the split one. */
export function leavePlain(plain: usize, channels: i32): void {
  copyPlain(plain, channels, false);
}

// @ts-ignore: decorator
@inline
function copyPlain(plain: usize, channels: i32, enter: bool): void {
  let at = split;
  for (; channels > 0; channels--, plain += plainPitch) {
    for (let r = 0; r < modulus; r++, at += splitPitch) {
      let value = at;
      for (let x = r; x < width; x += modulus, value += 4) {
        const source = plain + (<usize>x << 2);
        if (enter) store<f32>(value, load<f32>(source));
        else store<f32>(source, load<f32>(value));
      }
    }
  }
}

/** The first column x₀ of a set of groups: sets of every 4d columns begin at each of the first d. */
// @ts-ignore: decorator
@inline
export function columnOf(set: i32, d: i32): i32 {
  return (set / d) * 4 * d + (set % d);
}

/** Sets the columns from `width` on to 0, as far as groups and their windows reach. */
export function clearTail(channels: i32): void {
  const end = vectors << 2;
  let at = split;
  for (; channels > 0; channels--) {
    for (let r = 0; r < modulus; r++, at += splitPitch) {
      for (let q = (width - r + modulus - 1) / modulus; q <= end; q++) store<f32>(at + (<usize>q << 2), 0);
    }
  }
}

/** Mirrors the split row at its ends, as far as a window of that dilation reaches. */
function mirror(channels: i32, dilation: i32): void {
  for (let s = 1; s <= dilation; s++) {
    copyColumn(channels, -s, s);
    copyColumn(channels, width - 1 + s, width - 1 - s);
  }
}

function copyColumn(channels: i32, to: i32, from: i32): void {
  const channelPitch = <usize>modulus * splitPitch;
  let target = columnAddress(to);
  let source = columnAddress(from);
  for (; channels > 0; channels--, target += channelPitch, source += channelPitch) {
    store<f32>(target, load<f32>(source));
  }
}

/** Where a column of channel 0 is in the split row; not further left than one modulus. */
function columnAddress(column: i32): usize {
  const q = (column + modulus) / modulus - 1;
  const r = column - q * modulus;
  return split + <usize>r * splitPitch + (<usize>q << 2);
}

/** t = Bᵀ v for a layer of `ins` channels and dilation d, from the split row. */
export function transformRow(t: usize, ins: i32, d: i32): void {
  if (mirrored) mirror(ins, d);
  const n = vectors;
  const plane = <usize>ins * pitch;
  const channelPitch = <usize>modulus * splitPitch;
  for (let set = 0; set < modulus >> 2; set++) {
    const column = columnOf(set, d);
    let a0 = columnAddress(column - d);
    let a1 = columnAddress(column);
    let a2 = columnAddress(column + d);
    let a3 = columnAddress(column + 2 * d);
    let a4 = columnAddress(column + 3 * d);
    let a5 = columnAddress(column + 4 * d);
    let to = t + (<usize>(set * n) << 4);
    for (let c = 0; c < ins; c++, to += pitch) {
      for (let v: usize = 0; v < <usize>n << 4; v += 16) {
        storeInputs(
          to + v, plane, v128.load(a0 + v), v128.load(a1 + v), v128.load(a2 + v), v128.load(a3 + v), v128.load(a4 + v),
          v128.load(a5 + v),
        );
      }
      a0 += channelPitch;
      a1 += channelPitch;
      a2 += channelPitch;
      a3 += channelPitch;
      a4 += channelPitch;
      a5 += channelPitch;
    }
  }
}
