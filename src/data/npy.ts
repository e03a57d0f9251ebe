/**
 * A file in NumPy's format, version 1.0, of an array in C order with values of one byte or of float32, little-endian:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @param shape the array's dimensions, the last one varying fastest
 */
export function encodeNpy(
  data: Uint8Array | Float32Array,
  shape: readonly number[],
): Uint8Array<ArrayBuffer> {
  const kind = data instanceof Float32Array ? "<f4" : "|u1";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Magic, version and length take 10 bytes. With them, the header is filled with spaces to a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const file = new Uint8Array(10 + length + data.byteLength);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, length & 255, length >> 8]);
  file.set(header, 10);
  const view = new DataView(file.buffer, 10 + length);
  if (data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) view.setFloat32(4 * i, data[i]!, true);
  } else file.set(data, 10 + length);
  return file;
}
