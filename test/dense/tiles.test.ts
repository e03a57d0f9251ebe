/** The generator of register tiles, on other tiles than those that the kernels use. */
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { beforeAll, describe, expect, it } from "vitest";
import { type Loop, type Tile, tileFunction } from "../../scripts/tiles.js";

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly steps: number;
  readonly form: Loop["form"];
  readonly order: "ascending" | "descending";
  /** What the sums are added to: nothing, initial values, or those or what C holds; or a value of the row that they are stored with. */
  readonly onto: "nothing" | "init" | "initOrC" | "stored";
  /** Whether the pointer to B moves, like that to A, at the end of each step: by the argument `pitch`. */
  readonly moves: boolean;
}

/** The floats from one row of B to the next where its pointer moves: more than a row has. */
const PITCH = 16;

/** C = A·B where A is in columns, B in rows and C in rows; `turns` · steps values of k. */
function tileOf({ rows, columns, steps, form, order, onto, moves }: Shape): Tile {
  const bytes = 16 * columns;
  const head = (turns: string, steps: number) =>
    moves
      ? `const end = a + <usize>${turns} * ${steps * 4 * rows}; a < end; `
      : `const end = b + <usize>${turns} * ${steps * bytes}; b < end; b += ${steps * bytes}`;
  const loop = (turns: string, steps: number, form: Loop["form"]): Loop => ({
    head: head(turns, steps),
    steps,
    form,
  });
  return {
    parameters: "c: usize, a: usize, b: usize, init: usize, pitch: usize, turns: i32, rest: i32",
    rows,
    columns,
    order,
    a: (row) => ["a", 4 * row],
    moves: { a: 4 * rows, ...(moves && { b: "pitch" }) },
    b: (step, column) => ["b", (moves ? 0 : step * bytes) + 16 * column],
    loops: [loop("turns", steps, form), loop("rest", 1, "plain")],
    c: (row, column) => ["c", row * bytes + 16 * column],
    ...(onto.startsWith("init") && { init: (column) => ["init", 16 * column] }),
    ...(onto === "stored" && {
      stored: (sum, row) => `f32x4.sub(v128.load32_splat(init, ${4 * row}), ${sum})`,
    }),
    ...(onto === "initOrC" && { initOrC: true }),
  };
}

const kinds: Pick<Shape, "rows" | "columns" | "form">[] = [1, 2, 3, 6]
  .flatMap((rows) => [1, 2, 3].map((columns) => ({ rows, columns })))
  .filter(({ rows, columns }) => rows * columns <= 12)
  .flatMap((size) => (["plain", "ended", "guarded"] as const).map((form) => ({ ...size, form })))
  .filter(({ rows, columns, form }) => form !== "ended" || (rows > 1 && columns === 2));

const shapesOf = (kind: (typeof kinds)[number]): Shape[] =>
  [1, 3].flatMap((steps) =>
    (["ascending", "descending"] as const).flatMap((order) =>
      (["nothing", "init", "initOrC", "stored"] as const).map((onto, index) => ({
        ...{ ...kind, steps, order, onto },
        moves: index % 2 === 1,
      })),
    ),
  );

const nameOf = (shape: Shape) => `tile_${Object.values(shape).join("_")}`;

describe("register tiles from a description", () => {
  let exports: Record<string, (...values: number[]) => void>;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const floats = new Float32Array(memory.buffer);
  /** Addresses far enough from each other. */
  const [a, b, c, init] = [1024, 4096, 16384, 32768] as const;

  beforeAll(async () => {
    const source = [
      readFileSync(new URL("../../assembly/simd.ts", import.meta.url), "utf8"),
      ...kinds.flatMap(shapesOf).map((shape) => tileFunction(nameOf(shape), tileOf(shape))),
    ].join("\n");
    let wasm = new Uint8Array();
    const options =
      "--runtime stub --importMemory --initialMemory 1 --enable simd --outFile tiles.wasm".split(" ");
    const { error, stderr } = await asc.main(["tiles.ts", ...options], {
      readFile: (name) => (name === "tiles.ts" ? source : null),
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") wasm = new Uint8Array(contents);
      },
      listFiles: () => [],
    });
    if (error) throw new Error(stderr.toString());
    const { instance } = await WebAssembly.instantiate(wasm, { env: { memory } });
    exports = instance.exports as typeof exports;
  });

  /** What memory holds after a tile, from what it holds before. */
  function naive(before: Float32Array, shape: Shape, initial: number, depth: number) {
    const { rows, columns, onto, moves } = shape;
    const width = 4 * columns;
    const step = moves ? PITCH : width;
    const after = before.slice();
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < width; column++) {
        const at = (c >> 2) + row * width + column;
        let sum = onto.startsWith("init") ? before[initial ? (initial >> 2) + column : at]! : 0;
        for (let k = 0; k < depth; k++) {
          sum += before[(a >> 2) + k * rows + row]! * before[(b >> 2) + k * step + column]!;
        }
        after[at] = onto === "stored" ? before[(initial >> 2) + row]! - sum : sum;
      }
    }
    return after;
  }

  it.each(kinds)("multiply: $rows × $columns, $form", (kind) => {
    // Small whole numbers, whose sums are exact.
    const before = floats.map((_, at) => ((at * 7919) % 23) - 11);
    for (const shape of shapesOf(kind)) {
      for (const initial of shape.onto === "initOrC" ? [init, 0] : [init]) {
        for (const [turns, rest] of [
          [2, 0],
          [1, 2],
          [0, 1],
        ] as const) {
          floats.set(before);
          exports[nameOf(shape)]!(c, a, b, initial, 4 * PITCH, turns, rest);
          const expected = naive(before, shape, initial, turns * shape.steps + rest);
          const wrong = floats.findIndex((value, at) => value !== expected[at]);
          expect(wrong, `first wrong float of ${nameOf(shape)}`).toBe(-1);
        }
      }
    }
  });

  const usual = tileOf({
    rows: 4,
    columns: 2,
    steps: 8,
    form: "ended",
    order: "ascending",
    onto: "nothing",
    moves: false,
  });
  const loop = usual.loops[0]!;
  it.each<[string, Partial<Tile>, RegExp]>([
    ["no rows", { rows: 0 }, /whole number/],
    ["half a column", { columns: 1.5 }, /whole number/],
    ["no steps", { loops: [{ ...loop, steps: 0 }] }, /whole number/],
    ["more sums than registers", { rows: 7 }, /needs 17 registers of 15/],
    ["an order without a row", { order: [0, 1, 2] }, /each of its rows once/],
    ["an order with a row twice", { order: [0, 1, 2, 2] }, /each of its rows once/],
    ["an order that is not known", { order: "sideways" as "ascending" }, /each of its rows once/],
    ["a form that is not known", { loops: [{ ...loop, form: "open" as "plain" }] }, /not known: open/],
    ["ended steps of one sum a row", { columns: 1 }, /several rows, of two columns/],
    [
      "both initial values and others that are stored",
      { init: () => ["b", 0] as const, stored: (sum: string) => sum },
      /both initial values/,
    ],
    ["a pointer to A that stays", { moves: { b: 4 } }, /does not move a/],
  ])("refuses %s", (_fault, change, message) => {
    expect(() => tileFunction("tile", { ...usual, ...change })).toThrow(message);
  });
});
