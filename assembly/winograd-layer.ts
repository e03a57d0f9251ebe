/**
 * The words of a layer's record (winograd.ts), 32 bits each: counts, or addresses and distances in bytes. Valid
 * AssemblyScript and valid TypeScript.
 */
export enum LayerWord {
  ins,
  outs,
  /** U and the bias, whose length is that of whole panels. */
  w,
  bias,
  taps,
  /** 1 with a ReLU. */
  relu,
  dilation,
  /** Of the layer that follows; 0 where none does. */
  nextDilation,
  /** 1 where pictures are mirrored at their borders. */
  mirrored,
  width,
  modulus,
  /** Of 4 groups, for each set of groups: ⌈width / 4 modulus⌉. */
  vectors,
  split,
  splitPitch,
  products,
  /** From one channel to the next of a transformed row, and of a plain one. */
  pitch,
  plainPitch,
}
