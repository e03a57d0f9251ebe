/** Both ways of packing and unpacking the data of PNG files. */
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as edgeLight from "../../src/pictures/zlib.edge-light.ts";
import * as platform from "../../src/pictures/zlib.ts";
import { concatenate } from "../support/bytes.ts";
import { normal } from "../support/networks.ts";

const data = Uint8Array.from(normal(50_000, 1, 20), (value) => value + 120);
const packed = new Uint8Array(deflateSync(data));
const parts = [packed.subarray(0, 1), packed.subarray(1, 30_000), packed.subarray(30_000)];

describe.each(Object.entries({ platform, edgeLight }))("%s", (_, { unzlib, zlib }) => {
  const unpacked = async (from: readonly Uint8Array[]) => {
    const all: Uint8Array[] = [];
    for await (const part of unzlib(from)) all.push(part);
    return concatenate(all);
  };

  it("unpacks what others packed, and packs what others unpack", async () => {
    expect(await unpacked(parts)).toEqual(data);
    expect(new Uint8Array(inflateSync(await zlib(data)))).toEqual(data);
    expect(await unpacked([new Uint8Array(deflateSync(data, { level: 0 }))])).toEqual(data);
  });

  it.each([
    ["nothing", []],
    ["a header alone", [packed.subarray(0, 6)]],
    ["half of the data", [packed.subarray(0, packed.length / 2)]],
    ["another method", [Uint8Array.of(0x79, 0x9c), packed.subarray(2)]],
    ["a header that is not divisible by 31", [Uint8Array.of(0x78, 0x9d), packed.subarray(2)]],
  ])("throws on %s", async (_, broken) => {
    await expect(unpacked(broken)).rejects.toThrow();
  });

  it("stops when its reader has enough, long before all is unpacked", async () => {
    const zeros = new Uint8Array(deflateSync(new Uint8Array(2 ** 27)));
    const start = performance.now();
    let length = 0;
    for await (const part of unzlib([zeros])) {
      length += part.length;
      if (length > 1000) break;
    }
    const first = performance.now() - start;
    expect(length).toBeLessThan(2 ** 23);
    let whole = 0;
    for await (const part of unzlib([zeros])) whole += part.length;
    expect(whole).toBe(2 ** 27);
    expect(first).toBeLessThan((performance.now() - start) / 2);
  });
});
