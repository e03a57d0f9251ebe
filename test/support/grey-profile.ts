/** An ICC profile (ICC.1:2001-04) of grey whose values are light to the power 1 / `gamma`. */
export function greyProfile(gamma: number): Uint8Array {
  const text = (value: string) => Buffer.from(value, "latin1");
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  const description = Buffer.alloc(12 + 5 + 78);
  description.set(text("desc"));
  description.writeUInt32BE(5, 8);
  description.set(text("grey"), 12);
  // White of the profile connection space, D50, in 65,536ths.
  const white = [63_190, 65_536, 54_061];
  const exponent = Buffer.alloc(2);
  exponent.writeUInt16BE(Math.round(256 * gamma));
  const tags: [name: string, data: Buffer][] = [
    ["desc", description],
    ["cprt", Buffer.concat([text("text"), words(0), text("none\0")])],
    ["wtpt", Buffer.concat([text("XYZ "), words(0, ...white)])],
    ["kTRC", Buffer.concat([text("curv"), words(0, 1), exponent])],
  ];
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
  header.set(text("mntrGRAYXYZ "), 12);
  header.set(text("acsp"), 36);
  for (const [i, value] of white.entries()) header.writeUInt32BE(value, 68 + 4 * i);
  return new Uint8Array(Buffer.concat([header, ...table, ...parts]));
}
