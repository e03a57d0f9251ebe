/** Makes Huffman codes for the symbols of a JPEG file (ITU-T T.81, K.2), and writes with them. */
import type { HuffmanSpec } from "./jpeg-tables.ts";

/** Codes have at most this many bits. */
const LONGEST = 16;

/**
 * The code that needs the fewest bits for symbols that occur this often, among codes of at most 16 bits none of which is
 * all ones: the package-merge method of Lawrence Larmore and Daniel Hirschberg, "A fast algorithm for optimal
 * length-limited Huffman codes", J. ACM 37 (1990).
 * @param frequencies of the symbols 0 to 255
 */
export function optimalCode(frequencies: ArrayLike<number>): HuffmanSpec {
  interface Package {
    readonly weight: number;
    readonly symbols: readonly number[];
  }
  /** Stands for the code of ones alone, which no symbol may have: the rarest gets the longest code, ones alone. */
  const reserved = 256;
  const leaves: Package[] = [{ weight: 0, symbols: [reserved] }];
  for (let symbol = 0; symbol < 256; symbol++) {
    if (frequencies[symbol]! > 0) leaves.push({ weight: frequencies[symbol]!, symbols: [symbol] });
  }
  const byWeight = (a: Package, b: Package) => a.weight - b.weight;
  leaves.sort(byWeight);
  let packages: Package[] = [];
  for (let bit = 0; bit < LONGEST; bit++) {
    const all = [...leaves, ...packages].sort(byWeight);
    packages = [];
    for (let i = 0; i + 1 < all.length; i += 2) {
      const [one, other] = [all[i]!, all[i + 1]!];
      packages.push({ weight: one.weight + other.weight, symbols: [...one.symbols, ...other.symbols] });
    }
  }
  const lengths = new Uint8Array(257);
  for (const { symbols } of packages.slice(0, leaves.length - 1))
    for (const symbol of symbols) lengths[symbol]!++;
  const counts = Array<number>(LONGEST).fill(0);
  const symbols = leaves.flatMap((leaf) => leaf.symbols).filter((symbol) => symbol !== reserved);
  for (const symbol of symbols) counts[lengths[symbol]! - 1]!++;
  symbols.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return { counts, symbols };
}

/** For each symbol its code and, in the lower five bits, the number of the code's bits. */
export function codesOf({ counts, symbols }: HuffmanSpec): Uint32Array {
  const codes = new Uint32Array(256);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= LONGEST; length++, code <<= 1) {
    for (let i = counts[length - 1] ?? 0; i > 0; i--) codes[symbols[next++]!] = (code++ << 5) | length;
  }
  return codes;
}

/** Collects bits into bytes, and puts a zero after each byte of ones, as files need it (B.1.1.5). */
export class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #held = 0;
  #count = 0;

  /** Writes the lower `count` bits of `value`, at most 16. */
  write(value: number, count: number): void {
    this.#held = (this.#held << count) | (value & ((1 << count) - 1));
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.#put((this.#held >> this.#count) & 255);
    }
    this.#held &= 255;
  }

  #put(byte: number): void {
    if (this.#length + 2 > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
    if (byte === 0xff) this.#bytes[this.#length++] = 0;
  }

  /** All bytes, the last one filled up with ones. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.write(0xff, 8 - this.#count);
    return this.#bytes.subarray(0, this.#length);
  }
}
