import { describe, expect, it } from "vitest";
import { ModelFileError, SpecError } from "../../src/errors.ts";
import {
  readSafetensors,
  requireFinite,
  type Tensor,
  writeSafetensors,
} from "../../src/model/safetensors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";

const f32 = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(values),
});

/** A file of any header, right or wrong, and `dataLength` bytes of data. */
function file(header: string | Uint8Array, dataLength = 0, headerLength?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const headerOf = (entries: Record<string, unknown>, dataLength = 0) =>
  file(JSON.stringify(entries), dataLength);
const read = (bytes: Uint8Array) => readSafetensors(bytes, "m.safetensors");

const everything = new Map<string, Tensor>([
  ["layer1.weight", f32([2, 3], 1, -2, 3.5, -0, 1e-30, 6)],
  ["layer1.bias", f32([2], 7, 8)],
  ["scalar", { dtype: "F64", shape: [], data: new Float64Array([Math.PI]) }],
  ["halves", { dtype: "F16", shape: [3], data: new Uint16Array([0x3c00, 0xbc00, 1]) }],
  ["ints", { dtype: "I8", shape: [1, 3], data: new Int8Array([-128, 0, 127]) }],
  ["bytes", { dtype: "U8", shape: [1], data: new Uint8Array([200]) }],
  ["counts", { dtype: "U32", shape: [1], data: new Uint32Array([4294967295]) }],
  ["signed", { dtype: "I32", shape: [1], data: new Int32Array([-5]) }],
  ["empty", f32([0, 4])],
]);

describe("writing", () => {
  it("gives the bytes of the reference implementation", () => {
    // safetensors 0.8.0 for Python: save({"b": int8 [1, -1], "a": float32 [1], "A": float32 [2]}, {"k": "v"}).
    const header =
      '{"__metadata__":{"k":"v"},"A":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
      '"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"I8","shape":[2],"data_offsets":[8,10]}}';
    const expected = file(header.padEnd(Math.ceil(header.length / 8) * 8), 10);
    expected.set([0, 0, 0, 0x40, 0, 0, 0x80, 0x3f, 1, 255], expected.length - 10);
    const tensors = new Map<string, Tensor>([
      ["b", { dtype: "I8", shape: [2], data: new Int8Array([1, -1]) }],
      ["a", f32([1], 1)],
      ["A", f32([1], 2)],
    ]);
    expect(writeSafetensors(tensors, { k: "v" })).toEqual(expected);
  });

  it("does not depend on the order of the tensors, and keeps that of the metadata", () => {
    const backwards = new Map([...everything].reverse());
    expect(writeSafetensors(backwards)).toEqual(writeSafetensors(everything));
    expect(Object.keys(read(writeSafetensors(everything, { z: "1", a: "2", m: "3" })).metadata)).toEqual([
      "z",
      "a",
      "m",
    ]);
  });

  it("starts the data, and every tensor in it, at a multiple of its width", () => {
    for (let length = 0; length < 16; length++) {
      const bytes = writeSafetensors(everything, { pad: "x".repeat(length) });
      const headerLength = new DataView(bytes.buffer).getUint32(0, true);
      expect(headerLength % 8).toBe(0);
      for (const { data } of read(bytes).tensors.values()) expect(data.buffer).toBe(bytes.buffer);
    }
  });

  it("refuses tensors that contradict themselves", () => {
    const write = (name: string, tensor: unknown) => writeSafetensors(new Map([[name, tensor as Tensor]]));
    expect(() => write("w", f32([3], 1, 2))).toThrow(SpecError);
    expect(() => write("w", { dtype: "F16", shape: [1], data: new Float32Array(1) })).toThrow(
      /Uint16Array.*Float32Array/,
    );
    expect(() => write("__metadata__", f32([1], 1))).toThrow(/__metadata__/);
  });
});

describe("reading", () => {
  it("gives back what was written", () => {
    const metadata = { spec: '{"layers":[1,"ü"]}', 'quote"\\': "line\n\u0001\u2028😀" };
    const { tensors, metadata: back } = read(writeSafetensors(everything, metadata));
    expect(back).toEqual(metadata);
    expect(tensors).toEqual(everything);
    expect(Object.is((tensors.get("layer1.weight")!.data as Float32Array)[3], -0)).toBe(true);
  });

  it("copies data that is not aligned, also out of a Node Buffer", () => {
    const bytes = writeSafetensors(everything);
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect(read(moved.subarray(shift)).tensors).toEqual(everything);
      expect(read(Buffer.from(moved.buffer, shift)).tensors).toEqual(everything);
    }
  });

  it("reads a file without tensors, and zero-size tensors between others", () => {
    expect(read(file("{}"))).toEqual({ tensors: new Map(), metadata: {} });
    const bytes = headerOf(
      { b: entry("U8", [2], [0, 2]), a: entry("U8", [0], [2, 2]), c: entry("U8", [1], [2, 3]) },
      3,
    );
    expect([...read(bytes).tensors.keys()]).toEqual(["b", "a", "c"]);
  });

  it("keeps names that mean something to JavaScript as plain names", () => {
    const bytes = file(
      '{"__metadata__":{"__proto__":"m","constructor":"c"},' +
        '"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"toString":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}',
      1,
    );
    const { tensors, metadata } = read(bytes);
    expect([...tensors.keys()]).toEqual(["__proto__", "toString"]);
    expect(Object.keys(metadata)).toEqual(["__proto__", "constructor"]);
    expect(metadata.toString).toBeUndefined();
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it("takes equal keys in different objects for different keys", () => {
    expect(
      read(
        file(
          '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"__metadata__":{"a":"\\"b\\\\","b":"a:"}}',
        ),
      ).metadata,
    ).toEqual({
      a: '"b\\',
      b: "a:",
    });
  });
});

describe("hostile files", () => {
  const one = entry("U8", [1], [0, 1]);
  const cases: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /0 bytes are too few/],
    ["7 bytes", new Uint8Array(7), /7 bytes are too few/],
    ["a header longer than the file", file("{}", 0, 3n), /should have 3 bytes, but only 2 follow/],
    ["a header over 1 MB", file("{}", 0, 1_048_577n), /over the limit of 1048576/],
    ["a header of 2⁶⁴ − 1 bytes", file("{}", 0, 2n ** 64n - 1n), /over the limit of 1048576/],
    ["an empty header", file("", 3), /does not start with \{/],
    ["a header that starts with a space", file(" {}"), /does not start with \{/],
    ["a header that is a list", file("[]"), /does not start with \{/],
    ["a byte order mark", file("\ufeff{}"), /does not start with \{/],
    ["bad UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /not valid UTF-8/],
    ["bad JSON", file('{"a":}'), /not valid JSON/],
    ["a header cut short", file('{"a'), /not valid JSON/],
    ["text after the header's object", file("{}{}"), /not valid JSON/],
    ["a tensor twice", file(`{"a":${JSON.stringify(one)},"a":${JSON.stringify(one)}}`, 1), /names "a" twice/],
    [
      "a tensor twice, once escaped",
      file(`{"a":${JSON.stringify(one)},"\\u0061" :${JSON.stringify(one)}}`, 1),
      /names "a" twice/,
    ],
    ["a metadata key twice", file('{"__metadata__":{"k":"1","k":"2"}}'), /names "k" twice/],
    [
      "a shape twice",
      file('{"a":{"dtype":"U8","shape":[2],"shape":[1],"data_offsets":[0,1]}}', 1),
      /names "shape" twice/,
    ],
    [
      "__proto__ twice",
      file(`{"__proto__":${JSON.stringify(one)},"__proto__":${JSON.stringify(one)}}`, 1),
      /twice/,
    ],
    ["metadata that is a string", headerOf({ __metadata__: "x" }), /__metadata__ is not an object/],
    ["metadata that is null", headerOf({ __metadata__: null }), /__metadata__ is not an object/],
    ["metadata with a number", headerOf({ __metadata__: { k: 1 } }), /metadata "k" is not a string/],
    ["a tensor that is a list", headerOf({ a: [] }), /tensor "a" is not an object/],
    ["a tensor that is null", headerOf({ a: null }), /tensor "a" is not an object/],
    ["no dtype", headerOf({ a: { shape: [1], data_offsets: [0, 1] } }, 1), /dtype undefined/],
    [
      "an unknown dtype",
      headerOf({ a: entry("BF16", [1], [0, 2]) }, 2),
      /dtype "BF16", which is none of F64/,
    ],
    ["a dtype that every object has", headerOf({ a: entry("toString", [1], [0, 1]) }, 1), /dtype "toString"/],
    ["a dtype that is a list", headerOf({ a: entry(["U8"], [1], [0, 1]) }, 1), /dtype \["U8"\]/],
    [
      "no shape",
      headerOf({ a: { dtype: "U8", data_offsets: [0, 1] } }, 1),
      /shape that is not a list of sizes/,
    ],
    [
      "a negative size",
      headerOf({ a: entry("U8", [-1, -1], [0, 1]) }, 1),
      /shape that is not a list of sizes/,
    ],
    ["half a size", headerOf({ a: entry("U8", [0.5, 2], [0, 1]) }, 1), /shape that is not a list of sizes/],
    [
      "a size over 2⁵³",
      headerOf({ a: entry("U8", [2 ** 53], [0, 1]) }, 1),
      /shape that is not a list of sizes/,
    ],
    [
      "a size that is a string",
      headerOf({ a: entry("U8", ["1"], [0, 1]) }, 1),
      /shape that is not a list of sizes/,
    ],
    [
      "sizes whose product overflows",
      headerOf({ a: entry("F32", [2 ** 40, 2 ** 40], [0, 4]) }, 4),
      /bytes and has 4/,
    ],
    ["no offsets", headerOf({ a: { dtype: "U8", shape: [1] } }, 1), /data_offsets/],
    ["three offsets", headerOf({ a: entry("U8", [1], [0, 1, 1]) }, 1), /data_offsets/],
    ["negative offsets", headerOf({ a: entry("U8", [1], [-1, 0]) }, 1), /data_offsets/],
    ["offsets backwards", headerOf({ a: entry("U8", [1], [1, 0]) }, 1), /bytes 1 to 0/],
    [
      "offsets past the end",
      headerOf({ a: entry("U8", [2], [0, 2]) }, 1),
      /bytes 0 to 2, but the data has 1/,
    ],
    [
      "a shape larger than the data",
      headerOf({ a: entry("F32", [2], [0, 4]) }, 4),
      /needs 8 bytes and has 4/,
    ],
    [
      "a shape smaller than the data",
      headerOf({ a: entry("F32", [1], [0, 8]) }, 8),
      /needs 4 bytes and has 8/,
    ],
    ["a scalar without data", headerOf({ a: entry("F32", [], [0, 0]) }), /needs 4 bytes and has 0/],
    [
      "tensors that overlap",
      headerOf({ a: entry("U8", [2], [0, 2]), b: entry("U8", [2], [1, 3]) }, 3),
      /"b" begins at byte 1 and overlaps/,
    ],
    ["two tensors in one place", headerOf({ a: one, b: one }, 1), /overlaps/],
    [
      "a hole between tensors",
      headerOf({ a: one, b: entry("U8", [1], [2, 3]) }, 3),
      /"b" begins at byte 2 and leaves a hole/,
    ],
    ["a hole at the start", headerOf({ a: entry("U8", [1], [1, 2]) }, 2), /leaves a hole/],
    ["bytes left over", headerOf({ a: one }, 2), /end at byte 1, the data at 2/],
    ["data without tensors", file("{}", 1), /end at byte 0, the data at 1/],
  ];

  it.each(cases)("%s", (_, bytes, message) => {
    let error: unknown;
    try {
      read(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ModelFileError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(
      /^m\.safetensors: .*(copy, download or export it again|tensor\.float\(\))\.$/,
    );
  });

  it("10,000 brackets deep", () => {
    expect(() => read(file(`{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`))).toThrow(ModelFileError);
  });

  it("1,000 mutated files are read or refused, nothing else", () => {
    const whole = writeSafetensors(everything, { spec: "{}" });
    const random = new Random(2024, Purpose.testNoise);
    const below = (limit: number) => Math.floor(random.uniform() * limit);
    const headerEnd = 8 + new DataView(whole.buffer).getUint32(0, true);
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      let bytes = whole.slice();
      for (let change = below(3); change >= 0; change--) {
        // Mostly in the header, where all the rules are; digits for digits, so that JSON often stays JSON.
        const at = below(random.uniform() < 0.9 ? headerEnd : whole.length);
        const digit = bytes[at]! >= 0x30 && bytes[at]! <= 0x39;
        bytes[at] = digit ? 0x30 + below(10) : below(256);
      }
      if (random.uniform() < 0.1) bytes = bytes.slice(0, below(bytes.length));
      try {
        read(bytes);
      } catch (error) {
        if (!(error instanceof ModelFileError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(1000);
  });
});

describe("requireFinite", () => {
  it.each<[string, Tensor]>([
    ["F32 NaN", f32([3], 1, 2, Number.NaN)],
    ["F32 −∞", f32([3], 1, 2, Number.NEGATIVE_INFINITY)],
    ["F64 ∞", { dtype: "F64", shape: [3], data: new Float64Array([0, 0, Number.POSITIVE_INFINITY]) }],
    ["F16 ∞", { dtype: "F16", shape: [3], data: new Uint16Array([0x7bff, 0, 0xfc00]) }],
    ["F16 NaN", { dtype: "F16", shape: [3], data: new Uint16Array([0xfbff, 0, 0x7c01]) }],
  ])("refuses %s and says where", (_, tensor) => {
    expect(() => requireFinite(tensor, "layer2.bias", "m.safetensors")).toThrow(ModelFileError);
    expect(() => requireFinite(tensor, "layer2.bias", "m.safetensors")).toThrow(
      /^m\.safetensors: tensor "layer2\.bias" is not finite at index 2/,
    );
  });

  it("passes what is finite, whole numbers among it", () => {
    for (const [name, tensor] of everything) requireFinite(tensor, name, "m.safetensors");
    requireFinite({ dtype: "U32", shape: [1], data: new Uint32Array([0x7f800000]) }, "x", "m.safetensors");
  });
});
