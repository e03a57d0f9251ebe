/**
 * Unpacks zlib data (RFC 1950) by fflate, and not by the platform's streams: these differ in what they say of data that
 * other bytes follow or whose checksum is wrong, and PNG files with either are read everywhere else. Each chunk of a PNG
 * has a checksum of its own.
 */
import { Inflate } from "fflate";

/** This many packed bytes are unpacked at a time, to at most 1,032 times as many. */
const SLICE = 2 ** 14;

export class Inflater {
  readonly #stream: Inflate;
  readonly #packed: Iterator<Uint8Array>;
  readonly #slice = new Uint8Array(SLICE);
  /** What was unpacked and not yet read. */
  #ready: Uint8Array[] = [];
  #isFirst = true;

  /** @param packed the data in parts of any length, which are read when they are needed */
  constructor(packed: Iterable<Uint8Array>) {
    this.#packed = packed[Symbol.iterator]();
    this.#stream = new Inflate((part) => {
      if (part.length > 0) this.#ready.push(part);
    });
  }

  /**
   * Fills `target`, or as much of it as there is data.
   * @returns how many bytes it has filled
   * @throws Error if the data is broken
   */
  read(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.length && (this.#ready.length > 0 || this.#unpackMore())) {
      const part = this.#ready[0];
      if (!part) continue;
      const taken = part.subarray(0, target.length - filled);
      target.set(taken, filled);
      filled += taken.length;
      if (taken.length === part.length) this.#ready.shift();
      else this.#ready[0] = part.subarray(taken.length);
    }
    return filled;
  }

  /** What the packed parts could not fill into a slice. */
  #rest: Uint8Array = new Uint8Array();

  /** Unpacks a slice. @returns false if there is none */
  #unpackMore(): boolean {
    let filled = 0;
    while (filled < SLICE) {
      if (this.#rest.length === 0) {
        const { value, done } = this.#packed.next();
        if (done) break;
        this.#rest = value;
      }
      const taken = this.#rest.subarray(0, SLICE - filled);
      this.#slice.set(taken, filled);
      filled += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    if (filled === 0) return false;
    this.#stream.push(this.#slice.slice(this.#isFirst ? headerOf(this.#slice, filled) : 0, filled));
    this.#isFirst = false;
    return true;
  }
}

/** The length of the header: it has to give method 8, be divisible by 31, and ask for no dictionary. */
function headerOf([method = 0, flags = 0]: Uint8Array, length: number): number {
  if (length < 2 || (method & 15) !== 8 || (256 * method + flags) % 31 !== 0 || (flags & 32) !== 0)
    throw new Error("no zlib data");
  return 2;
}

/** Unpacks all of it, if it is whole and has no more than `most` bytes. */
export function inflateSmall(packed: Uint8Array, most: number): Uint8Array<ArrayBuffer> | undefined {
  const target = new Uint8Array(Math.min(most, 1032 * packed.length) + 1);
  try {
    const length = new Inflater([packed]).read(target);
    return length > most ? undefined : target.slice(0, length);
  } catch {
    return undefined;
  }
}
