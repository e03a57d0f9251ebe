import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { gunzipIfNeeded } from "../../src/data/gzip.ts";
import { parseIdx } from "../../src/data/idx.ts";
import { DataError } from "../../src/errors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { idxBytes } from "../support/idx-bytes.ts";

const good = idxBytes([2, 3, 4], Array(24).keys());

/** `bytes` with `values` written at `offset`. */
function changed(bytes: Uint8Array, offset: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, offset);
  return copy;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function parseError(bytes: Uint8Array): string {
  try {
    parseIdx(bytes, "some-file");
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as DataError).message;
  }
  throw new Error("was parsed");
}

describe("parseIdx", () => {
  it.each([[[5]], [[2, 3]], [[2, 3, 4]], [[2, 1, 3, 2]], [[0, 28, 28]]])("reads shape %j", (shape) => {
    const count = shape.reduce((a, b) => a * b);
    const idx = parseIdx(idxBytes(shape, Array(count).keys()), "some-file");
    expect(idx.shape).toEqual(shape);
    expect([...idx.data]).toEqual([...Array(count).keys()]);
  });

  it("returns a view, also from the middle of a buffer", () => {
    const middle = joined(new Uint8Array(3).fill(9), good, new Uint8Array(5).fill(9)).subarray(3, -5);
    const { data } = parseIdx(middle, "some-file");
    expect(data.buffer).toBe(middle.buffer);
    expect([...data]).toEqual([...Array(24).keys()]);
  });

  it.each([
    ["an empty file", new Uint8Array(), "has 0 bytes"],
    ["three bytes", good.subarray(0, 3), "has 3 bytes"],
    ["a wrong magic", changed(good, 0, 1), "not an IDX file"],
    ["a wrong magic, second byte", changed(good, 1, 1), "not an IDX file"],
    ["a gzip file", new Uint8Array(gzipSync(good)), "not an IDX file"],
    ["another type", changed(good, 2, 0x0d), "type 13"],
    ["no dimensions", changed(good, 3, 0), "0 dimensions"],
    ["five dimensions", changed(good, 3, 5), "5 dimensions"],
    ["a header cut short", good.subarray(0, 15), "within its header"],
    ["a value too few", good.subarray(0, -1), "holds 23 values, but its dimensions 2 × 3 × 4 need 24"],
    ["a value too many", joined(good, new Uint8Array(1)), "holds 25 values"],
    ["huge dimensions", changed(good, 4, ...Array(12).fill(255)), "holds 24 values"],
    ["a product that is 0 in 32 bits", idxBytes([2 ** 16, 2 ** 16], []), "holds 0 values"],
    ["a product that is 0 in 64 bits", idxBytes([2 ** 31, 2 ** 31, 4, 1], []), "holds 0 values"],
  ])("refuses %s", (_, bytes, reason) => {
    const message = parseError(bytes);
    expect(message).toContain("some-file");
    expect(message).toContain(reason);
  });
});

describe("gunzipIfNeeded", () => {
  // Above the chunk size, and packed above it too: bits of a fixed seed do not compress.
  const random = new Random(1, Purpose.order);
  const content = Uint8Array.from({ length: 150_000 }, () => random.bits());
  const packed = new Uint8Array(gzipSync(content));

  it("unpacks", async () => {
    const bytes = await gunzipIfNeeded(packed, "some-file");
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(bytes.buffer.byteLength).toBe(content.length);
  });

  it("unpacks what compresses a thousandfold, and nothing at all", async () => {
    const zeros = new Uint8Array(gzipSync(new Uint8Array(3_000_000), { level: 9 }));
    expect((await gunzipIfNeeded(zeros, "some-file")).length).toBe(3_000_000);
    expect((await gunzipIfNeeded(new Uint8Array(gzipSync("")), "some-file")).length).toBe(0);
  });

  it("passes other bytes on, uncopied", async () => {
    expect(await gunzipIfNeeded(good, "some-file")).toBe(good);
    const empty = new Uint8Array();
    expect(await gunzipIfNeeded(empty, "some-file")).toBe(empty);
  });

  const middle = packed.length >> 1;
  it.each([
    ["cut to 2 bytes", packed.subarray(0, 2)],
    ["cut to 10 bytes", packed.subarray(0, 10)],
    ["cut to 30 bytes", packed.subarray(0, 30)],
    ["cut in the middle", packed.subarray(0, middle)],
    ["without its trailer", packed.subarray(0, -8)],
    ["without its last byte", packed.subarray(0, -1)],
    ["changed in the middle", changed(packed, middle, ~packed[middle]!)],
    ["with a wrong checksum", changed(packed, packed.length - 8, ~packed[packed.length - 8]!)],
    ["that announces less", changed(packed, packed.length - 4, 0, 0, 0, 0)],
    ["that announces more", changed(packed, packed.length - 1, 1)],
    ["that announces 4 GiB", changed(packed, packed.length - 4, 255, 255, 255, 255)],
    ["with another method", changed(packed, 2, 7)],
    ["followed by zeros", joined(packed, new Uint8Array(10))],
    ["followed by text", joined(packed, new TextEncoder().encode("</html>"))],
    ["followed by a larger size", joined(packed, Uint8Array.of(0, 0, 3, 0))],
    ["followed by a second member", joined(packed, packed)],
  ])("refuses a file %s", async (_, bytes) => {
    const error = await gunzipIfNeeded(bytes, "some-file").catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("some-file");
    expect(error.message).toContain("gzip file");
  });
});

it("gunzipIfNeeded stops at the announced size", async () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array(1_000_000)));
  const reason = "more data than the 10 bytes its end announces";
  await expect(gunzipIfNeeded(changed(packed, packed.length - 4, 10, 0, 0, 0), "x")).rejects.toThrow(reason);
});

it("500 mutated files parse or are refused with a DataError", async () => {
  const random = new Random(2, Purpose.order);
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  let parsed = 0;
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const original = i % 2 ? new Uint8Array(gzipSync(good)) : good;
    let bytes = Uint8Array.from(original);
    for (let n = below(2); n >= 0; n--) {
      const kind = below(5);
      if (kind === 0) bytes = bytes.slice(0, below(bytes.length + 1));
      else if (kind === 1) bytes = Uint8Array.from([...bytes, ...Array(1 + below(9)).fill(below(256))]);
      else if (bytes.length > 0)
        bytes[below(kind === 2 ? Math.min(16, bytes.length) : bytes.length)] = below(256);
    }
    try {
      const { shape, data } = parseIdx(await gunzipIfNeeded(bytes, "some-file"), "some-file");
      expect(data.length).toBe(shape.reduce((a, b) => a * b));
      parsed++;
    } catch (error) {
      expect(error, `mutation ${i}`).toBeInstanceOf(DataError);
      refused++;
    }
  }
  expect(parsed).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(50);
});
