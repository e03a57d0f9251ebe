/** Packing and unpacking the data of PNG files. */
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Inflater, inflateSmall } from "../../src/pictures/inflate.ts";
import * as edgeLight from "../../src/pictures/zlib.edge-light.ts";
import * as platform from "../../src/pictures/zlib.ts";
import { concatenate } from "../support/bytes.ts";
import { normal } from "../support/networks.ts";

const data = Uint8Array.from(normal(50_000, 1, 20), (value) => value + 120);
const packed = new Uint8Array(deflateSync(data));
const parts = [packed.subarray(0, 1), packed.subarray(1, 30_000), packed.subarray(30_000)];

it.each(Object.entries({ platform, edgeLight }))("%s packs what others unpack", async (_, { zlib }) => {
  const inParts = [data.slice(0, 1), data.slice(1, 1), data.slice(1, 20_000), data.slice(20_000)];
  expect(new Uint8Array(inflateSync(await zlib(inParts)))).toEqual(data);
});

describe("Inflater", () => {
  /** What it unpacks, read in pieces of different lengths. */
  const unpacked = (from: Iterable<Uint8Array>, most = data.length + 100) => {
    const inflater = new Inflater(from);
    const all: Uint8Array[] = [];
    for (let length = 0, size = 1; length < most; size = (size * 7) % 5003) {
      const target = new Uint8Array(Math.min(size, most - length));
      const filled = inflater.read(target);
      all.push(target.subarray(0, filled));
      length += filled;
      if (filled < target.length) break;
    }
    return concatenate(all);
  };

  it("unpacks what others packed, in parts of any length", () => {
    expect(unpacked(parts)).toEqual(data);
    expect(unpacked(Array.from(packed, (byte) => Uint8Array.of(byte)))).toEqual(data);
    expect(unpacked([new Uint8Array(deflateSync(data, { level: 0 }))])).toEqual(data);
  });

  it("leaves out what follows the data, and does not look at the checksum", () => {
    expect(unpacked([...parts, new Uint8Array(100_000).fill(255)])).toEqual(data);
    const wrong = packed.slice();
    wrong[wrong.length - 1]! ^= 1;
    expect(unpacked([wrong])).toEqual(data);
  });

  it("gives what there is of data that is cut short", () => {
    const half = unpacked([packed.subarray(0, packed.length / 2)]);
    expect(half.length).toBeGreaterThan(data.length / 3);
    expect(half).toEqual(data.subarray(0, half.length));
    expect(unpacked([])).toHaveLength(0);
  });

  it.each([
    ["another method", [Uint8Array.of(0x79, 0x9c), packed.subarray(2)]],
    ["a header that is not divisible by 31", [Uint8Array.of(0x78, 0x9d), packed.subarray(2)]],
    ["a header cut short", [packed.subarray(0, 1)]],
    ["a block of no kind", [packed.subarray(0, 2), Uint8Array.of(7, 0, 0, 0)]],
  ])("throws on %s", (_, broken) => {
    expect(() => unpacked(broken)).toThrow();
  });

  it("unpacks no more than a slice at a time, whatever is asked of it", () => {
    const zeros = new Uint8Array(deflateSync(new Uint8Array(2 ** 27)));
    let asked = 0;
    const slices = (function* () {
      for (let at = 0; at < zeros.length; at += 1024) {
        asked += 1024;
        yield zeros.subarray(at, at + 1024);
      }
    })();
    expect(new Inflater(slices).read(new Uint8Array(1000))).toBe(1000);
    expect(asked).toBe(2 ** 14);
  });
});

describe("inflateSmall", () => {
  it("gives data up to a length, and nothing if it is longer or broken", () => {
    expect(inflateSmall(packed, data.length)).toEqual(data);
    expect(inflateSmall(packed, data.length - 1)).toBeUndefined();
    expect(inflateSmall(packed.subarray(1), data.length)).toBeUndefined();
  });
});
