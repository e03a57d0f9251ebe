/** What operations.ts declares of an operation: words and what they hold, items, scratch. */

/** How many bytes a buffer holds for one picture of a batch, or for one chunk of a batch. */
type BytesOf = (values: never) => number;

/** What a word of a record holds, and what the kernel gets for it. */
export type Word =
  /** The address of a buffer, or a number of bytes. */
  | "address"
  /** A whole number. */
  | "count"
  /** A whole number. The kernel gets a boolean: whether it is other than 0. */
  | "flag"
  /** The bits of a float32. */
  | "float"
  /** The bits of a float64; takes two words. */
  | "double"
  /** The address of a float32. The kernel gets the value that is there, which may be set before each step. */
  | "floatAt"
  /**
   * The address of the scratch memory and the bytes of each thread's part; takes two words, which the plan does not give.
   * The kernel gets the address of its thread's part.
   */
  | "scratch"
  /** Takes no word. The kernel gets a boolean: whether this is the first image of a chunk. */
  | "begins"
  /**
   * A buffer that holds the batch's pictures one after another, and the bytes of one picture; takes two words. In the body of
   * eachImage, the kernel gets an address moved such that image number `thread` finds the picture that is its turn.
   */
  | { readonly perPicture: BytesOf }
  /** A buffer with a part for each chunk of a batch, and the bytes of one part; takes two words. The kernel gets its chunk's part. */
  | { readonly perChunk: BytesOf };

/** The names of the words that a plan gives values for. */
type Given<Words> = { [Name in keyof Words]: Words[Name] extends "scratch" | "begins" ? never : Name }[keyof Words];

/** What operations.ts says of an operation. */
export interface Declared<Words, Size extends string> {
  /** The file of the kernel: its path in `assembly`, without the ending. The kernel has the operation's name. */
  readonly kernel: string;
  readonly words: Words;
  /** Further numbers that `items` needs and that are not in the record. */
  readonly sizes?: readonly Size[];
  /** How many items it has; in the body of eachImage, how many for one image. */
  items(values: Record<(Given<Words> & string) | Size, number>): number;
  /** How many successive items one thread does best together; if left out, all of them. */
  run?(values: Record<(Given<Words> & string) | Size, number>): number;
  /** How many bytes of scratch each thread needs. */
  scratch?(values: Record<(Given<Words> & string) | Size, number>): number;
  /** Whether it is a layer's matrix product or convolution, which profiles count as 2 FLOP for each use of a weight. */
  readonly multiplies?: true;
}

/** A declaration as it is given. The types of its words' names are kept, so that plans are checked against them. */
export function declare<const Words extends Readonly<Record<string, Word>>, const Size extends string = never>(
  declared: Declared<Words, Size>,
): Declared<Words, Size> {
  return declared;
}

/** How many words of 32 bits a declared word takes in a record. */
export function lengthOf(word: Word): number {
  if (word === "begins") return 0;
  return word === "double" || word === "scratch" || typeof word === "object" ? 2 : 1;
}
