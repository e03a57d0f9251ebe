/** Reads the Huffman-coded data of JPEG files (ITU-T T.81, Annex F.2.2) bit by bit. */
import type { HuffmanSpec } from "./jpeg-tables.ts";

/** For each 16 bits that may follow in the data: the length of the code that they begin with · 256 + its symbol, or 0. */
export type HuffmanLookup = Uint16Array;

/** @returns undefined if there are more codes of a length than are left */
export function lookupOf({ counts, symbols }: HuffmanSpec): HuffmanLookup | undefined {
  const lookup = new Uint16Array(65_536);
  let at = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    const span = 65_536 >> length;
    for (let i = counts[length - 1] ?? 0; i > 0; i--, next++, at += span) {
      if (at + span > 65_536) return undefined;
      lookup.fill((length << 8) | symbols[next]!, at, at + span);
    }
  }
  return lookup;
}

/** A file has a code that its tables do not have. */
export class UnknownCode extends Error {}

export class BitReader {
  /** In bits. */
  #at = 0;

  /** @param data without the zeros that follow each 0xff in a file; of at most 2²⁸ − 1 bytes */
  constructor(readonly data: Uint8Array) {}

  /** Whether more was read than there is. */
  get isPastEnd(): boolean {
    return this.#at > 8 * this.data.length;
  }

  /** The next 16 bits, which stay unread; zeros stand behind the end. */
  #peek(): number {
    const { data } = this;
    const byte = this.#at >> 3;
    if (byte + 2 >= data.length) return this.#peekNearEnd();
    return (
      (((data[byte]! << 16) | (data[byte + 1]! << 8) | data[byte + 2]!) >> (8 - (this.#at & 7))) & 0xffff
    );
  }

  #peekNearEnd(): number {
    const byte = this.#at >> 3;
    const value = (i: number) => (byte + i < this.data.length ? this.data[byte + i]! : 0);
    return (((value(0) << 16) | (value(1) << 8) | value(2)) >> (8 - (this.#at & 7))) & 0xffff;
  }

  /** The next symbol. @throws UnknownCode */
  symbol(lookup: HuffmanLookup): number {
    const entry = lookup[this.#peek()]!;
    if (entry === 0) throw new UnknownCode();
    this.#at += entry >> 8;
    return entry & 255;
  }

  /** The next bits as a number; at most 16. */
  bits(count: number): number {
    const value = this.#peek() >> (16 - count);
    this.#at += count;
    return value;
  }

  /** A value of so many bits, at most 16; those below half of the range stand for negative numbers (figure F.12). */
  signed(count: number): number {
    if (count === 0) return 0;
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }
}

/**
 * The parts of a scan's data between its restart markers, without the zeros after each 0xff, and the number of the marker
 * before each part (−1: none). The parts share memory that the next one overwrites.
 */
export function* partsOf(coded: Uint8Array): Generator<{ marker: number; data: Uint8Array }> {
  const plain = new Uint8Array(coded.length);
  let filled = 0;
  let marker = -1;
  for (let at = 0; ; ) {
    let found = coded.indexOf(0xff, at);
    if (found < 0) found = coded.length;
    plain.set(coded.subarray(at, found), filled);
    filled += found - at;
    let next = found + 1;
    while (coded[next] === 0xff) next++;
    const isOver = next >= coded.length;
    if (!isOver && coded[next] === 0) plain[filled++] = 0xff;
    else {
      yield { marker, data: plain.subarray(0, filled) };
      if (isOver) return;
      marker = coded[next]! & 7;
      filled = 0;
    }
    at = next + 1;
  }
}
