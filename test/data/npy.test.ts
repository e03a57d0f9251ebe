import { expect, it } from "vitest";
import { encodeNpy } from "../../src/data/npy.ts";

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

// What numpy.save of NumPy 2.4 writes for the same arrays.
it.each<[Uint8Array | Float32Array, number[], string, number, string]>([
  [Float32Array.of(1.5, -2, 300), [1, 3], "'<f4'", 58, "\x00\x00\xc0?\x00\x00\x00\xc0\x00\x00\x96C"],
  [Uint8Array.of(0, 1, 2, 3, 4, 255), [1, 2, 3], "'|u1'", 55, "\x00\x01\x02\x03\x04\xff"],
  [Uint8Array.of(7, 9), [2], "'|u1'", 60, "\x07\x09"],
])("is the file that NumPy writes of %s", (data, shape, kind, spaces, values) => {
  const sizes = shape.length === 1 ? "2," : shape.join(", ");
  const header = `{'descr': ${kind}, 'fortran_order': False, 'shape': (${sizes}), }${" ".repeat(spaces)}\n`;
  expect(header.length).toBe(0x76);
  expect(latin1(encodeNpy(data, shape))).toBe(`\x93NUMPY\x01\x00\x76\x00${header}${values}`);
});

it("writes values from where they begin, not those before", () => {
  const all = Float32Array.of(1, 2, 3);
  expect(encodeNpy(all.subarray(1), [2])).toEqual(encodeNpy(Float32Array.of(2, 3), [2]));
});
