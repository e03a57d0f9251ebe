/** TIFF files made by hand (TIFF 6.0), so that every kind of value and any size in the header can be had. */

export interface TiffPage {
  readonly width: number;
  readonly height: number;
  /** Bits of a value. */
  readonly depth: number;
  /** Values of a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 CMYK. */
  readonly channels: number;
  readonly isFloat?: boolean;
  /** The values, row after row; rows of less than a byte's bits begin with a byte. */
  readonly data: Uint8Array;
}

const photometric: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 5 };

/** A file of these pages, little-endian, not packed. */
export function tiffBytes(...pages: readonly TiffPage[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from("II*\0\0\0\0\0", "latin1")];
  let at = 8;
  let pointer: readonly [part: Buffer, offset: number] = [parts[0]!, 4];
  const add = (part: Buffer) => {
    parts.push(part);
    at += part.length;
  };
  for (const { width, height, depth, channels, isFloat, data } of pages) {
    const start = at;
    add(Buffer.from(data));
    if (at % 2 === 1) add(Buffer.alloc(1));
    const depths = at;
    const listed = Buffer.alloc(2 * channels);
    for (let c = 0; c < channels; c++) listed.writeUInt16LE(depth, 2 * c);
    add(listed);
    const entries: [tag: number, type: 3 | 4, count: number, value: number][] = [
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, channels, channels > 2 ? depths : depth * (channels === 2 ? 65_537 : 1)],
      [259, 3, 1, 1],
      [262, 3, 1, photometric[channels]!],
      [273, 4, 1, start],
      [277, 3, 1, channels],
      [278, 4, 1, height],
      [279, 4, 1, data.length],
      ...(channels === 2 ? [[338, 3, 1, 2] as [number, 3, number, number]] : []),
      [339, 3, 1, isFloat ? 3 : 1],
    ];
    pointer[0].writeUInt32LE(at, pointer[1]);
    const directory = Buffer.alloc(2 + 12 * entries.length + 4);
    directory.writeUInt16LE(entries.length, 0);
    for (const [i, [tag, type, count, value]] of entries.entries()) {
      directory.writeUInt16LE(tag, 2 + 12 * i);
      directory.writeUInt16LE(type, 4 + 12 * i);
      directory.writeUInt32LE(count, 6 + 12 * i);
      directory.writeUInt32LE(value, 10 + 12 * i);
    }
    pointer = [directory, directory.length - 4];
    add(directory);
  }
  return new Uint8Array(Buffer.concat(parts));
}
