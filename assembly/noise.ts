/**
 * Draws noise in wasm. The numbers are the same, to the last bit, as those of src/noise/rng.ts: sfc32 and Marsaglia's polar
 * method in float64, with no operations but + − × ÷ and √.
 */
import { NO_STREAM } from "./constants";

/**
 * input[n][i] = target[n][i] + levels[n] · N(0, 1)
 *
 * input: float32, images × pixels; target: uint8, images × pixels; levels: one float32 for each image; streams: three
 * uint32 for each image: the seed, purpose and index that its generator starts from. An image whose purpose is NO_STREAM is
 * left as it is. An item is an image.
 */
export function gaussianNoise(
  input: usize, target: usize, levels: usize, streams: usize, pixels: i32, first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const level = <f64>load<f32>(levels + (<usize>item << 2));
    const stream = streams + <usize>(item * 12);
    if (load<u32>(stream, 4) == NO_STREAM) continue;
    let a = load<u32>(stream);
    let b = load<u32>(stream, 4);
    let c = load<u32>(stream, 8);
    let counter: u32 = 1;
    // The generator's first 16 numbers are discarded.
    let discarded = 0;
    let from = target + <usize>(item * pixels);
    const end = from + <usize>pixels;
    let to = input + (<usize>(item * pixels) << 2);
    while (from < end) {
      const bits1 = a + b + counter++;
      a = b ^ (b >>> 9);
      b = c + (c << 3);
      c = rotl<u32>(c, 21) + bits1;
      const bits2 = a + b + counter++;
      a = b ^ (b >>> 9);
      b = c + (c << 3);
      c = rotl<u32>(c, 21) + bits2;
      if (discarded < 16) {
        discarded += 2;
        continue;
      }
      const u = (<f64><i32>bits1 + 0.5) * (1.0 / 2147483648.0);
      const v = (<f64><i32>bits2 + 0.5) * (1.0 / 2147483648.0);
      const s = u * u + v * v;
      if (s >= 1) continue;
      const factor = level * Math.sqrt((-2 * log(s)) / s);
      store<f32>(to, <f32>(u * factor) + <f32>load<u8>(from));
      if (from + 1 < end) store<f32>(to, <f32>(v * factor) + <f32>load<u8>(from, 1), 4);
      from += 2;
      to += 8;
    }
  }
}

/** The natural logarithm of a normal, positive float64. src/noise/portable-math.ts explains the method. */
function log(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const f = m - 1;
  const t = f / (m + 1);
  const q = t * t;
  let sum = q * (1.0 / 21) + 1.0 / 19;
  sum = sum * q + 1.0 / 17;
  sum = sum * q + 1.0 / 15;
  sum = sum * q + 1.0 / 13;
  sum = sum * q + 1.0 / 11;
  sum = sum * q + 1.0 / 9;
  sum = sum * q + 1.0 / 7;
  sum = sum * q + 1.0 / 5;
  sum = sum * q + 1.0 / 3;
  return f - t * (f - 2 * q * sum) + <f64>exponent * Math.LN2;
}
