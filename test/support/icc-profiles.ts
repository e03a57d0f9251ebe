/** ICC profiles (ICC.1:2001-04) made by hand. */

const text = (value: string) => Buffer.from(value, "latin1");
const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};
/** White of the profile connection space, D50, in 65,536ths. */
const white = [63_190, 65_536, 54_061];

/** @param kind its class, its colours and the space that it leads to: four characters each */
function profileOf(kind: string, more: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const description = Buffer.alloc(12 + 5 + 78);
  description.set(text("desc"));
  description.writeUInt32BE(5, 8);
  description.set(text("test"), 12);
  const tags = [
    ["desc", description],
    ["cprt", Buffer.concat([text("text"), words(0), text("none\0")])],
    ["wtpt", Buffer.concat([text("XYZ "), words(0, ...white)])],
    ...more,
  ] as const;
  const table = [words(tags.length)];
  const parts: Buffer[] = [];
  let at = 128 + 4 + 12 * tags.length;
  for (const [name, data] of tags) {
    table.push(text(name), words(at, data.length));
    const padded = Buffer.alloc(Math.ceil(data.length / 4) * 4);
    padded.set(data);
    parts.push(padded);
    at += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.set(text(kind), 12);
  header.set(text("acsp"), 36);
  for (const [i, value] of white.entries()) header.writeUInt32BE(value, 68 + 4 * i);
  return new Uint8Array(Buffer.concat([header, ...table, ...parts]));
}

/** A profile of grey whose values are light to the power 1 / `gamma`. */
export function greyProfile(gamma: number): Uint8Array {
  const exponent = Buffer.alloc(2);
  exponent.writeUInt16BE(Math.round(256 * gamma));
  return profileOf("mntrGRAYXYZ ", [["kTRC", Buffer.concat([text("curv"), words(0, 1), exponent])]]);
}

/**
 * A profile of inks that are not those of paper: a table of two nodes for each, in bytes or in 16 bits, with curves.
 * The colours between the nodes are the same whether they are interpolated in cubes or in tetrahedra. The darkest mixture is not quite black.
 */
export function inkProfile(isWide: boolean): Uint8Array {
  const whole = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * (isWide ? 65_535 : 255));
  const curve = (count: number, at: (x: number) => number) =>
    Array.from({ length: count }, (_, i) => whole(at(i / (count - 1))));
  const length = isWide ? 33 : 256;
  const inputs = [0.8, 1, 1.3, 1].flatMap((bend) => curve(length, (x) => x * (bend + (1 - bend) * x)));
  // Tables of 16 bits have the white of 8 bits with a zero byte behind.
  const scale = isWide ? 65_280 / 65_535 : 1;
  const table = Array.from({ length: 16 }, (_, node) => {
    const [c, m, y, k] = [(node >> 3) & 1, (node >> 2) & 1, (node >> 1) & 1, node & 1] as const;
    const lightness = 1 - 0.2 * c - 0.25 * m - 0.05 * y - 0.45 * k;
    const [a, b] = [30 * (c - m), 30 * (m - y)];
    return [lightness, (a + 128) / 255, (b + 128) / 255].map((value) => whole(value * scale));
  }).flat();
  const outputs = [0, 1, 2].flatMap(() => curve(length, (x) => x));
  const values = [...(isWide ? [length, length] : []), ...inputs, ...table, ...outputs];
  const bytes = isWide ? values.flatMap((value) => [value >> 8, value & 255]) : values;
  const head = [text(isWide ? "mft2" : "mft1"), words(0), Buffer.of(4, 3, 2, 0)];
  const identity = words(65_536, 0, 0, 0, 65_536, 0, 0, 0, 65_536);
  return profileOf("prtrCMYKLab ", [["A2B0", Buffer.concat([...head, identity, Buffer.from(bytes)])]]);
}
