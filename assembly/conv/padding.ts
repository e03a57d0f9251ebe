/**
 * Borders of images in rows (pixels.ts). `pad` rows and columns on each side are written or read. Borders of
 * zeros may be shared: the right border of a row is then the left one of the next, the lower border of an image
 * the upper one of the next.
 */
import { rowStart } from "./pixels";

/**
 * x[n, r, c, s] = x[n, mirror(r), c, mirror(s)] in the border, where mirror(t) = −t before the first and
 * 2(size − 1) − t after the last: PyTorch's "reflect", which does not repeat the edge.
 *
 * pad < height, pad < width; rows ≥ height + 2·pad, pitch ≥ 4·(width + 2·pad): mirrored borders cannot be shared.
 * An item is one of the images·(height + 2·pad) rows, borders counted; it reads only what is inside.
 */
export function padReflected(
  x: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, pad: i32, first: i32, last: i32,
): void {
  const padded = height + 2 * pad;
  for (let item = first; item < last; item++) {
    const image = item / padded;
    const row = item - image * padded - pad;
    const mirrored = row < 0 ? -row : row < height ? row : 2 * (height - 1) - row;
    let to = x + <usize>((image * rows + row) * channels) * pitch;
    let from = x + <usize>((image * rows + mirrored) * channels) * pitch;
    for (let c = 0; c < channels; c++, to += pitch, from += pitch) {
      if (row != mirrored) memory.copy(to, from, <usize>width << 2);
      for (let s = 1; s <= pad; s++) {
        store<f32>(to - (<usize>s << 2), load<f32>(from + (<usize>s << 2)));
        store<f32>(to + (<usize>(width - 1 + s) << 2), load<f32>(from + (<usize>(width - 1 - s) << 2)));
      }
    }
  }
}

/**
 * dx[n, r, c, s] = Σ dpadded[n, r′, c, s′] over all (r′, s′) that mirror to (r, s), ∘ (gate > 0) with gate ≠ 0
 *
 * The gradient of padReflected. dx, dpadded, gate: `channels` channels; dpadded, another buffer than dx, holds the
 * gradient in a border of `pad` too. An item is a row of dx.
 */
export function foldReflected(
  dx: usize, dpadded: usize, gate: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, pad: i32,
  first: i32, last: i32,
): void {
  const bytes = <usize>width << 2;
  for (let item = first; item < last; item++) {
    const image = item / height;
    const row = item - image * height;
    const to = rowStart(dx, item, channels, height, pitch, rows);
    const toGate = gate - dx;
    for (let c = 0; c < channels; c++) {
      const out = to + <usize>c * pitch;
      const plane = dpadded + <usize>(image * rows * channels + c) * pitch;
      const stride = <usize>channels * pitch;
      foldRow(out, plane + <usize>row * stride, width, pad, false);
      if (row > 0 && row <= pad) foldRow(out, plane + <usize>-row * stride, width, pad, true);
      const below = 2 * (height - 1) - row;
      if (row < height - 1 && below < height + pad) foldRow(out, plane + <usize>below * stride, width, pad, true);
      if (gate) {
        for (let at = out, end = out + bytes; at < end; at += 4) if (!(load<f32>(at + toGate) > 0)) store<f32>(at, 0);
      }
    }
  }
}

/** out[s] (+)= row[s] + what lies in the row's two borders and mirrors to s. */
function foldRow(out: usize, row: usize, width: i32, pad: i32, add: bool): void {
  for (let s = 0; s < width; s++) {
    let sum = load<f32>(row + (<usize>s << 2));
    if (s > 0 && s <= pad) sum += load<f32>(row - (<usize>s << 2));
    const right = 2 * (width - 1) - s;
    if (s < width - 1 && right < width + pad) sum += load<f32>(row + (<usize>right << 2));
    const at = out + (<usize>s << 2);
    store<f32>(at, add ? load<f32>(at) + sum : sum);
  }
}
