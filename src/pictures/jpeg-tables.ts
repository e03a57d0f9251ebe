/** Tables of ITU-T T.81 that the reader and the writer of JPEG files share. */

/**
 * For each place in the order in which coefficients are stored, its place in the block, row after row (figure A.6). A
 * broken file may go up to 15 places past the end; what it puts there lands in the last one, as with libjpeg.
 */
export const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
]);

/** A Huffman code as files store it: how many codes have 1, 2, … 16 bits, and the symbols in the order of their codes. */
export interface HuffmanSpec {
  readonly counts: ArrayLike<number>;
  readonly symbols: ArrayLike<number>;
}

/** The codes of Annex K.3 for DC differences, of luminance and of chrominance. */
export const STANDARD_DC: readonly HuffmanSpec[] = [
  spec([0, 1, 5, 1, 1, 1, 1, 1, 1], "000102030405060708090a0b"),
  spec([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1], "000102030405060708090a0b"),
];

/** The codes of Annex K.3 for AC coefficients, of luminance and of chrominance. */
export const STANDARD_AC: readonly HuffmanSpec[] = [
  spec(
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a34" +
      "35363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999a" +
      "a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  ),
  spec(
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a26272829" +
      "2a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798" +
      "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  ),
];

function spec(counts: number[], symbols: string): HuffmanSpec {
  return { counts, symbols: symbols.match(/../g)!.map((digits) => Number.parseInt(digits, 16)) };
}

/** Table K.1: steps of quantisation for luminance, row after row. */
export const LUMINANCE: readonly number[] = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/** Table K.2: steps of quantisation for chrominance. */
export const CHROMINANCE: readonly number[] = [
  17,
  18,
  24,
  47,
  99,
  99,
  99,
  99,
  18,
  21,
  26,
  66,
  99,
  99,
  99,
  99,
  24,
  26,
  56,
  99,
  99,
  99,
  99,
  99,
  47,
  66,
  ...Array<number>(38).fill(99),
];

/** The step that libjpeg derives from that of Annex K (jpeg_quality_scaling and jpeg_add_quant_table in jcparam.c). */
export function quantisationStep(base: number, quality: number): number {
  const percent = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
  return Math.min(255, Math.max(1, Math.trunc((base * percent + 50) / 100)));
}
