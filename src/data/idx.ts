import { DataError } from "../errors.ts";
import { fileBytes } from "../pictures/decoding.ts";

/** The content of an IDX file: its dimensions, and the values, whose number is the product of `shape`. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;

/**
 * Reads an uncompressed IDX file of unsigned bytes with 1 to 4 dimensions, the format of MNIST
 * (http://yann.lecun.com/exdb/mnist): two zero bytes, the type, the number of dimensions, each dimension as
 * a big-endian 32-bit number, then the values, the last dimension varying fastest.
 *
 * @param given the bytes of the file
 * @param name what errors call the file
 * @returns the dimensions, and the values as a view on the bytes, not a copy
 * @throws DataError if the header is not IDX, or the length is not exactly what the dimensions say
 */
export function parseIdx(given: Uint8Array | ArrayBuffer, name: string): Idx {
  const bytes = fileBytes(given, "IDX");
  if (bytes.length < 4) {
    throw new DataError(`${name} has ${bytes.length} bytes, too few for an IDX file; fetch it again`);
  }
  const [zero0, zero1, type, dimensions] = bytes as Uint8Array & [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    throw new DataError(
      `${name} is not an IDX file: it starts with bytes ${zero0}, ${zero1} instead of 0, 0; give the IDX file, gzipped or plain`,
    );
  }
  if (type !== unsignedByte) {
    throw new DataError(
      `${name} holds IDX values of type ${type}; only unsigned bytes (type 8) can be read: convert it`,
    );
  }
  if (dimensions < 1 || dimensions > 4) {
    throw new DataError(`${name} has ${dimensions} dimensions, expected 1 to 4; fetch it again`);
  }
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) {
    throw new DataError(`${name} ends within its header of ${header} bytes; fetch it again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  // At most 2¹²⁸: above 2⁵³ the product is rounded, but then it is no length an array can have.
  const values = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + values) {
    throw new DataError(
      `${name} holds ${bytes.length - header} values, but its dimensions ${shape.join(" × ")} need ${values}; fetch it again`,
    );
  }
  return { shape, data: bytes.subarray(header) };
}
