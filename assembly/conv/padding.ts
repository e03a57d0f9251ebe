/**
 * Mirrored borders of images in rows (pixels.ts), `pad` rows and columns on each side. Borders of zeros need no kernel, since
 * nothing writes to them. They are shared: the right border of a row is the left border of the next, and the lower border of
 * an image the upper border of the next.
 */
import { rowStart } from "./pixels";

/**
 * x[n, r, c, s] = x[n, mirror(r), c, mirror(s)] in the border, where mirror(t) = −t for t < 0 and 2(size − 1) − t for
 * t ≥ size. This is PyTorch's "reflect", which does not repeat the edge.
 *
 * Requires pad < height and pad < width, and, since mirrored borders cannot be shared, rows ≥ height + 2·pad and
 * pitch ≥ 4·(width + 2·pad). An item is one of the images·(height + 2·pad) rows, the borders' among them. It reads only
 * values inside the image.
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
 * dx[n, r, c, s] = Σ dpadded[n, r′, c, s′] over all (r′, s′) that mirror to (r, s), and, if gate ≠ 0, ∘ (gate > 0)
 *
 * The gradient of padReflected. dx, dpadded, gate: images of `channels` channels. dpadded is another buffer than dx, and holds
 * the gradient in a border of `pad` as well. An item is a row of dx.
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

/** out[s] = row[s] + those values in the row's two borders that mirror to s; with `add`, this is added to out[s]. */
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
