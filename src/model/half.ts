const scratch = new DataView(new ArrayBuffer(4));

/**
 * The value of a float16 from its bits; NaN also for infinity. Moved into place, the bits are those of a float32 with the
 * same digits that is 2¹¹² times too small.
 */
export function halfValue(bits: number): number {
  scratch.setUint32(0, ((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13));
  return (bits & 0x7c00) === 0x7c00 ? Number.NaN : scratch.getFloat32(0) * 2 ** 112;
}
