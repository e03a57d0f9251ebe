/** Conversions between rows, as callers hold them, and panels of 8 columns, as the kernels take them (layout: gemm.ts). */

/** panel[p][r][0..7] = source[r][8p..8p+7]. source: float32, rows of `columns` values; columns past the last become 0. An item is a panel. */
export function packFloats(panel: usize, stride: usize, source: usize, rows: i32, columns: i32, first: i32, last: i32): void {
  for (let p = first; p < last; p++) {
    const whole = (p << 3) + 8 <= columns;
    let to = panel + <usize>p * stride;
    let from = source + (<usize>p << 5);
    for (let r = 0; r < rows; r++) {
      if (whole) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let c = 0; c < 8; c++) {
          store<f32>(to + (<usize>c << 2), (p << 3) + c < columns ? load<f32>(from + (<usize>c << 2)) : 0);
        }
      }
      to += 32;
      from += <usize>columns << 2;
    }
  }
}

/** packFloats for bytes: a byte b becomes the float b. */
export function packBytes(panel: usize, stride: usize, source: usize, rows: i32, columns: i32, first: i32, last: i32): void {
  for (let p = first; p < last; p++) {
    const whole = (p << 3) + 8 <= columns;
    let to = panel + <usize>p * stride;
    let from = source + (<usize>p << 3);
    for (let r = 0; r < rows; r++) {
      if (whole) {
        const words = v128.load_ext<u8>(from);
        v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words)));
        v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(words)), 16);
      } else {
        for (let c = 0; c < 8; c++) {
          store<f32>(to + (<usize>c << 2), (p << 3) + c < columns ? <f32>load<u8>(from + <usize>c) : 0);
        }
      }
      to += 32;
      from += <usize>columns;
    }
  }
}

/** destination[r][8p..8p+7] = panel[p][r][0..7]: the inverse of packFloats, without the padding. An item is a panel. */
export function unpackFloats(destination: usize, panel: usize, stride: usize, rows: i32, columns: i32, first: i32, last: i32): void {
  for (let p = first; p < last; p++) {
    const whole = (p << 3) + 8 <= columns;
    let from = panel + <usize>p * stride;
    let to = destination + (<usize>p << 5);
    for (let r = 0; r < rows; r++) {
      if (whole) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let c = 0; (p << 3) + c < columns; c++) {
          store<f32>(to + (<usize>c << 2), load<f32>(from + (<usize>c << 2)));
        }
      }
      from += 32;
      to += <usize>columns << 2;
    }
  }
}

/** to[c][r] = from[r][c] for 8 × 8 values; each block is 256 contiguous bytes. */
export function transpose8x8(to: usize, from: usize): void {
  transpose4x4(to, from);
  transpose4x4(to + 128, from + 16);
  transpose4x4(to + 16, from + 128);
  transpose4x4(to + 144, from + 144);
}

// @ts-ignore: decorator
@inline
function transpose4x4(to: usize, from: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from, 32);
  const r2 = v128.load(from, 64);
  const r3 = v128.load(from, 96);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
}
