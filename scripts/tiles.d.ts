/** The address of a load or a store: a pointer, and a constant number of bytes after it; both as AssemblyScript. */
export type Place = readonly [pointer: string, offset: number | string];

/**
 * The description of a register tile, from which its unrolled loop over k is generated.
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
  /** Statements after the sums have been set to zero, as AssemblyScript: the pointers that the loops over k move. */
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
  /** The pointers that move at the end of a step, and by how many bytes. Every pointer that `a` names has to be among them. */
  readonly moves: Readonly<Record<string, number | string>>;
  /**
   * Where the vector of B for a column is. Steps are counted from 0 in each turn. A pointer that is not among `moves` is
   * moved by the loop's head.
   */
  readonly b: (step: number, column: number) => Place;

  /** Loops over k, one after another: usually one for whole turns and one for the remaining values. */
  readonly loops: readonly Loop[];

  /** Where the sum of a row and column is stored. */
  readonly c: (row: number, column: number) => Place;
  /** Where the initial values for a column are, which are added to its sums. If left out, the sums are stored as they are. */
  readonly init?: (column: number) => Place;
  /** What is stored for the sum of a row, as AssemblyScript. If left out, it is the sum itself. Not together with `init`. */
  readonly stored?: (sum: string, row: number) => string;
  /** If true, the function's argument `init` may be 0; the sums are then added to what C holds. */
  readonly initOrC?: boolean;
}

export interface Loop {
  /** What is in the parentheses after `for`, as AssemblyScript. */
  readonly head: string;
  /** How many steps a turn of the loop has. */
  readonly steps: number;
  /**
   * How the compilers are kept from moving so many loads ahead that the sums no longer fit into the registers.
   * docs/experiments.md says how each form was found, and what it gains.
   *
   * "plain": by nothing. For a loop of a single step, whose turn ends the basic block anyway.
   *
   * "ended": each step ends with a check whether A's pointer has become 0, which never happens. The check ends a basic
   * block, and the compilers move no load ahead past that. The exit of the last step, which is never taken, adds up the
   * two sums of each row. This is one use of both sums, and makes the V8 of Node 20 compute the two products before the
   * two sums, which is faster than to compute each sum right after its product.
   *
   * "guarded": each step is in an `if` whose condition, that A's pointer is not 0, always holds. V8 moves no load ahead
   * past the place where the two branches join. If the rows are in descending order, it places each load right before
   * its use. So one register beside those of the sums is enough, which leaves room for more sums.
   */
  readonly form: "plain" | "ended" | "guarded";
}

/** The tiles of one generated file. */
export interface Tiles {
  /** The names that they import from other files, by the path of the file in `assembly/` without its ending. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** The tiles, by the names of their functions. */
  readonly tiles: Readonly<Record<string, Tile>>;
}

/** The AssemblyScript of one tile. Throws if the description is out of range. */
export function tileFunction(name: string, tile: Tile): string;

/** Writes build/assembly/dense/tiles.ts and build/assembly/conv/tiles.ts. */
export function writeTiles(): void;
