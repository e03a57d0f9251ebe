/** Where a load or a store goes: a pointer and a constant number of bytes behind it, both as AssemblyScript. */
export type Place = readonly [pointer: string, offset: number | string];

/**
 * The loop over k of a register tile, written out.
 *
 * A tile computes `rows` × `columns` vectors of C = A·B at once and keeps their sums in registers from the first value
 * of k to the last. A step is one value of k: for every row and column, sum += A[row, k] · B[k, column]. Where the tile
 * has several rows, a step first loads its vectors of B, which all rows use, and then broadcasts one value of A for
 * each row. Where it has one row, a step broadcasts a single value of A, and loads each vector of B where it is used.
 */
export interface Tile {
  /** Parameters of the function, as AssemblyScript. */
  readonly parameters: string;
  /** Statements at the beginning of the function, as AssemblyScript. */
  readonly before?: string;
  /**
   * The head of a loop around everything that follows, for a function that computes one tile after another. The
   * sums begin at zero in each turn, and are stored at the end of it.
   */
  readonly around?: string;
  /** Statements behind the sums' initial zeros, as AssemblyScript: the pointers that the loops over k move. */
  readonly start?: string;

  /** Rows of C. */
  readonly rows: number;
  /** Columns of C, in vectors of 4 values. */
  readonly columns: number;
  /**
   * In which order a step goes through its rows, or through its columns where there is one row. A list names each of
   * them once. The result does not depend on it, but the order in which the compilers place the loads does: see `form`.
   */
  readonly order: "ascending" | "descending" | readonly number[];

  /** Where A's value for a row is. */
  readonly a: (row: number) => Place;
  /** By how many bytes pointers move at the end of a step: all that `a` names, so that its offsets stay the same. */
  readonly moves: Readonly<Record<string, number>>;
  /** Where the vector of B for a column is. Steps are counted within a turn, whose head moves these pointers. */
  readonly b: (step: number, column: number) => Place;

  /** Loops over k, one after another: usually one for whole turns and one for what is left. */
  readonly loops: readonly Loop[];

  /** Where the sum of a row and column is stored. */
  readonly c: (row: number, column: number) => Place;
  /** Where initial values are, which are added to the sums of a column. Without it, sums are stored as they are. */
  readonly init?: (column: number) => Place;
  /** If true, the argument `init` may be 0, and then what C holds takes the place of the initial values. */
  readonly initOrC?: boolean;
}

export interface Loop {
  /** What stands in the parentheses of `for`, as AssemblyScript. */
  readonly head: string;
  /** Steps to a turn. */
  readonly steps: number;
  /**
   * How the compilers are kept from bringing so many loads forward that the sums no longer fit in the registers.
   * docs/experiments.md says how each form was found, and what it gains.
   *
   * "plain": not at all. For a single step, which ends with the loop's turn anyway.
   *
   * "ended": each step ends with a check whether A's pointer has become 0, which never happens. This ends a basic
   * block, and compilers bring no load forward past that. The way out of the last step, which is never taken, adds up
   * the two sums of each row. That is a use of both at once, for which the V8 of Node 20 computes the two products
   * before the two sums; this is faster than each sum right behind its product.
   *
   * "guarded": each step stands in an `if` that always holds, since A's pointer is not 0. V8 brings no load forward
   * past the place where the two ways join again and, with rows in descending order, has each load right before its
   * use. So one vector beside the sums is enough, which leaves room for more sums.
   */
  readonly form: "plain" | "ended" | "guarded";
}

/** Tiles that stand in one file. */
export interface Tiles {
  /** What they use of other files: names by the path of the file in `assembly/`, without its ending. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Tiles by the names of their functions. */
  readonly tiles: Readonly<Record<string, Tile>>;
}

/** The AssemblyScript of one tile. Throws where the description is out of range. */
export function tileFunction(name: string, tile: Tile): string;

/** Writes build/assembly/dense/tiles.ts and build/assembly/conv/tiles.ts. */
export function writeTiles(): void;
