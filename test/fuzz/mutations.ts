/** Mutations that any kind of input can go through: of bytes, of lists, and of data as JSON holds it. */
import type { Random } from "../../src/noise/rng.ts";

/** Chance, by a seed: the same one makes the same input again. */
export class Chance {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.min(Math.max(0, limit - 1), Math.floor(this.#random.uniform() * limit));
  }

  /** True in one of so many cases. */
  oneIn(cases: number): boolean {
    return this.below(cases) === 0;
  }

  pick<Value>(values: ArrayLike<Value>): Value {
    return values[this.below(values.length)]!;
  }
}

const INTERESTING_BYTES = [0, 1, 2, 3, 4, 8, 16, 31, 32, 63, 64, 127, 128, 129, 254, 255];
const INTERESTING_WORDS = [
  0,
  1,
  2,
  7,
  8,
  255,
  256,
  32_767,
  32_768,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** Changed in up to `most` places: values, bits, numbers of 16 and 32 bits in either order, parts cut, doubled or moved. */
export function mutateBytes(whole: Uint8Array, chance: Chance, most = 4): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(whole);
  for (let times = 1 + chance.below(most); times > 0; times--) {
    const at = chance.below(bytes.length + 1);
    const length = 1 + chance.below(chance.oneIn(4) ? 300 : 16);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (chance.below(9)) {
      case 0:
        bytes[at] = chance.below(256);
        break;
      case 1:
        bytes[at] = chance.pick(INTERESTING_BYTES);
        break;
      case 2:
        if (at < bytes.length) bytes[at]! ^= 1 << chance.below(8);
        break;
      case 3:
        if (at + 4 <= bytes.length) view.setUint32(at, chance.pick(INTERESTING_WORDS), chance.oneIn(2));
        break;
      case 4:
        if (at + 2 <= bytes.length) view.setUint16(at, chance.pick(INTERESTING_WORDS), chance.oneIn(2));
        break;
      case 5:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 6:
        bytes = joined(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 7: {
        const from = chance.below(bytes.length + 1);
        bytes = joined(bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at));
        break;
      }
      default:
        if (chance.oneIn(4)) bytes = bytes.slice(0, at);
        else bytes.fill(chance.pick(INTERESTING_BYTES), at, at + length);
    }
  }
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

/** A list with something left out, doubled, put elsewhere, or changed by `change`. */
export function mutateList<Item>(
  items: readonly Item[],
  chance: Chance,
  change: (item: Item) => Item,
): Item[] {
  const list = [...items];
  const at = chance.below(list.length);
  const kind = chance.below(10);
  if (list.length === 0) return list;
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(chance.below(list.length + 1), 0, list[at]!);
  else if (kind === 2) list.splice(chance.below(list.length), 0, ...list.splice(at, 1));
  else if (kind === 3)
    list.splice(at, 0, ...Array<Item>(1 + chance.below(chance.oneIn(20) ? 2000 : 4)).fill(list[at]!));
  else list[at] = change(list[at]!);
  return list;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON holds
export type Json = any;

const deep = (depth: number): Json => {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

const odd = (chance: Chance): Json =>
  chance.pick<() => Json>([
    () => null,
    () => true,
    () => false,
    () => "",
    () => "simd",
    () => "\u0000\u001b[2J\u009b2J\u202e",
    () => "x".repeat(1 + chance.below(70_000)),
    () => [],
    () => ({}),
    () => [null],
    () => Array(1 + chance.below(300)).fill(1),
    () => Array(1e5).fill(chance.pick([0, {}, "x"])),
    () => deep(1 + chance.below(400)),
    () => ({ __proto__: null, constructor: 1, toString: 2, length: 3 }),
    () => 0,
    () => -0,
    () => -1,
    () => 0.5,
    () => chance.below(300),
    () => 1e-320,
    () => 3.5e38,
    () => 1e308,
    () => -1e308,
    () => 2 ** chance.below(64),
    () => 2 ** chance.below(64) - 1,
    () => -(2 ** chance.below(64)),
  ])();

/**
 * A copy of data in which something at a random place is replaced, taken away, added, doubled, renamed, moved, or, if it is a
 * number or a text, changed a little.
 * @param make makes something odd. Default: values that JSON can hold
 */
export function mutateJson(data: Json, chance: Chance, make: (chance: Chance) => Json = odd): Json {
  const root = [structuredClone(data)];
  const places: [holder: Json, key: string][] = [];
  const visit = (holder: Json) => {
    for (const key of Object.keys(holder)) {
      places.push([holder, key]);
      if (typeof holder[key] === "object" && holder[key] !== null && !ArrayBuffer.isView(holder[key]))
        visit(holder[key]);
    }
  };
  visit(root);
  const [holder, key] = chance.pick(places);
  const value = holder[key];
  switch (chance.below(8)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(value));
      else holder[chance.pick(["unknown", "type", "length", "then", `${key} `])] = make(chance);
      break;
    case 2: {
      const [from, name] = chance.pick(places);
      holder[key] = structuredClone(from[name]);
      break;
    }
    case 3:
    case 4:
      if (typeof value === "number")
        holder[key] = chance.pick([
          -value,
          value + 1,
          value - 1,
          value * 10,
          value / 3,
          `${value}`,
          value * 2 ** 20,
        ]);
      else if (typeof value === "string") holder[key] = mutateText(value, chance);
      else holder[key] = make(chance);
      break;
    default:
      holder[key] = make(chance);
  }
  return root[0];
}

/** A text in which a few characters changed. */
export function mutateText(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1);
  const inserted = chance.pick([
    ...'{}[]",:\\0-e. \u0000\u007f\u0085\ud800é',
    "null",
    "1e999",
    "\\u0000",
    "[".repeat(20_000),
  ]);
  return text.slice(0, at) + (chance.oneIn(3) ? "" : inserted) + text.slice(at + chance.below(4));
}
