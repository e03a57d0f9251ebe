/** Decodes the scans of a JPEG file (ITU-T T.81, Annexes F and G): each holds some or all of some or all components. */
import { BitReader, type HuffmanLookup, partsOf, UnknownCode } from "./jpeg-bits.ts";
import { flatBlock, inverseBlock } from "./jpeg-dct.ts";
import type { Component, Frame } from "./jpeg-frame.ts";
import type { Broken, Segment } from "./jpeg-segments.ts";
import { ZIGZAG } from "./jpeg-tables.ts";

/** What segments before a scan set, and segments after it may set anew. */
export interface Tables {
  /** Huffman codes by their number. */
  readonly dc: (HuffmanLookup | undefined)[];
  readonly ac: (HuffmanLookup | undefined)[];
  /** Steps of quantisation by their number, row after row. */
  readonly steps: (Int32Array | undefined)[];
  /** Units between two restart markers; 0: there are none. */
  restart: number;
}

/** A component as a scan holds it. */
interface Coded {
  readonly component: Component;
  readonly dc: HuffmanLookup;
  readonly ac: HuffmanLookup;
  readonly steps: Int32Array;
  /** The DC coefficient of its last block. */
  previous: number;
}

/** What a scan holds of its components: coefficients `first` to `last`, from bit `low`; `refines` them by that bit. */
interface Part {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly refines: boolean;
}

const none: HuffmanLookup = new Uint16Array(65_536);
const coefficients = new Int32Array(64);

/** @throws DataError if the scan is broken or its data ends too early */
export function decodeScan({ data, coded }: Segment, frame: Frame, tables: Tables, broken: Broken): void {
  const [count = 0] = data;
  if (data.length !== 4 + 2 * count || count < 1 || count > 4)
    throw broken("a scan header has a wrong length");
  if (coded.length >= 2 ** 28) throw broken(`a scan of ${coded.length} bytes is too long`);
  const [first = 0, last = 0, bits = 0] = data.subarray(1 + 2 * count);
  const part = { first, last, low: bits & 15, refines: bits >> 4 > 0 };
  if (frame.isProgressive) requireProgression(part, bits >> 4, count, broken);
  const taken = new Set<Component>();
  const all = Array.from({ length: count }, (_, i): Coded => {
    const [id, numbers = 0] = data.subarray(1 + 2 * i);
    // Some files give several components one number; they come in the order of the frame header, as libjpeg takes them.
    const component = frame.components.find((component) => component.id === id && !taken.has(component));
    if (!component) throw broken(`a scan holds component ${id}, which there is not, or not twice`);
    taken.add(component);
    const needsDc = !frame.isProgressive || (first === 0 && !part.refines);
    const needsAc = !frame.isProgressive || first > 0;
    const [dc, ac] = [needsDc ? tables.dc[numbers >> 4] : none, needsAc ? tables.ac[numbers & 15] : none];
    if (!dc || !ac) throw broken("a scan's Huffman table is missing");
    component.steps ??= tables.steps[component.quantiser]?.slice();
    if (!component.steps) throw broken("a table of quantisation is missing");
    return { component, dc, ac, steps: component.steps, previous: 0 };
  });
  if (count > 1 && all.reduce((sum, { component: { across, down } }) => sum + across * down, 0) > 10)
    throw broken("the units of a scan have more than 10 blocks");
  for (const { component } of all) reserve(component, frame);
  try {
    decodeUnits(coded, frame, all, part, tables.restart, broken);
  } catch (error) {
    if (!(error instanceof UnknownCode)) throw error;
    throw broken("its data has a code that is in none of its tables");
  }
}

function requireProgression(
  { first, last, low, refines }: Part,
  high: number,
  count: number,
  broken: Broken,
): void {
  const isBand = first === 0 ? last === 0 : first <= last && last <= 63 && count === 1;
  if (!isBand || low > 13 || (refines && low !== high - 1))
    throw broken("a scan header has values that do not exist");
}

/** Makes room for what a component's first scan brings. */
function reserve(component: Component, { isProgressive }: Frame): void {
  const size = 64 * component.columns * component.rows;
  if (isProgressive && component.coefficients.length === 0) {
    component.coefficients = new Int16Array(size);
    component.detailed = new Uint8Array(size / 64);
  }
  if (!isProgressive && component.plane.length === 0) component.plane = new Uint8Array(size);
}

/** Reads the block in this column and row of the component. */
type ReadBlock = (bits: BitReader, coded: Coded, column: number, row: number) => void;

function decodeUnits(
  coded: Uint8Array,
  frame: Frame,
  all: readonly Coded[],
  part: Part,
  restart: number,
  broken: Broken,
): void {
  const alone = all.length === 1 ? all[0]! : undefined;
  const across = alone ? Math.ceil(alone.component.width / 8) : frame.unitsAcross;
  const units = across * (alone ? Math.ceil(alone.component.height / 8) : frame.unitsDown);
  const progressive = frame.isProgressive ? progressiveReader(part) : undefined;
  const read = progressive?.read ?? readSequential;
  let unit = 0;
  let parts = 0;
  for (const { marker, data } of partsOf(coded)) {
    if (unit >= units) return;
    if (parts > 0 && marker !== ((parts - 1) & 7)) throw broken(`restart marker ${marker} is out of order`);
    parts++;
    const bits = new BitReader(data);
    for (const one of all) one.previous = 0;
    progressive?.restart();
    const end = restart > 0 ? Math.min(unit + restart, units) : units;
    for (; unit < end; unit++) {
      const x = unit % across;
      const y = Math.floor(unit / across);
      if (alone) read(bits, alone, x, y);
      else for (const one of all) readUnit(bits, one, x, y, read);
      if (x === 0 && bits.isPastEnd) break;
    }
    if (bits.isPastEnd) throw broken("its data is cut short");
  }
  if (unit < units) throw broken("its data is cut short");
}

function readUnit(bits: BitReader, coded: Coded, x: number, y: number, read: ReadBlock): void {
  const { across, down } = coded.component;
  for (let j = 0; j < down; j++) {
    for (let i = 0; i < across; i++) read(bits, coded, x * across + i, y * down + j);
  }
}

/** Reads a whole block and transforms it. */
function readSequential(bits: BitReader, coded: Coded, column: number, row: number): void {
  const { ac, steps, component } = coded;
  coded.previous += bits.signed(bits.symbol(coded.dc));
  let isFlat = true;
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(ac);
    const size = symbol & 15;
    k += symbol >> 4;
    if (size === 0) {
      if (symbol !== 0xf0) break;
      continue;
    }
    if (isFlat) coefficients.fill(0);
    isFlat = false;
    const at = ZIGZAG[k]!;
    coefficients[at] = bits.signed(size) * steps[at]!;
  }
  const stride = 8 * component.columns;
  const to = 8 * (row * stride + column);
  if (isFlat) {
    flatBlock(coded.previous * steps[0]!, component.plane, to, stride);
    return;
  }
  coefficients[0] = coded.previous * steps[0]!;
  inverseBlock(coefficients, component.plane, to, stride);
}

/** How blocks of a progressive scan are read, and what is done after a restart marker. */
function progressiveReader({ first, last, low, refines }: Part): { read: ReadBlock; restart(): void } {
  /** Blocks that follow and have nothing new. */
  let empty = 0;
  const plus = 1 << low;
  const restart = () => {
    empty = 0;
  };
  const startOf = ({ component }: Coded, column: number, row: number) =>
    64 * (row * component.columns + column);
  /** Reads how many blocks, this one included, have nothing new from here on. */
  const readEmpty = (bits: BitReader, run: number) => {
    empty = (1 << run) + (run > 0 ? bits.bits(run) : 0);
  };

  const readDc: ReadBlock = (bits, coded, column, row) => {
    const at = startOf(coded, column, row);
    const { coefficients } = coded.component;
    if (refines) coefficients[at]! |= bits.bits(1) << low;
    else {
      coded.previous += bits.signed(bits.symbol(coded.dc));
      coefficients[at] = coded.previous << low;
    }
  };

  const readAc: ReadBlock = (bits, coded, column, row) => {
    if (empty > 0) {
      empty--;
      return;
    }
    const start = startOf(coded, column, row);
    for (let k = first; k <= last; k++) {
      const symbol = bits.symbol(coded.ac);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size > 0) {
        k += run;
        coded.component.detailed[start / 64] = 1;
        coded.component.coefficients[start + ZIGZAG[k]!] = bits.signed(size) << low;
      } else if (run < 15) {
        readEmpty(bits, run);
        empty--;
        return;
      } else k += 15;
    }
  };

  const refine = (bits: BitReader, values: Int16Array, at: number) => {
    const value = values[at]!;
    if (bits.bits(1) === 1 && (value & plus) === 0) values[at] = value + (value > 0 ? plus : -plus);
  };

  const refineAc: ReadBlock = (bits, coded, column, row) => {
    const start = startOf(coded, column, row);
    const { coefficients: values, detailed } = coded.component;
    let k = first;
    if (empty > 0 && detailed[start / 64] === 0) {
      empty--;
      return;
    }
    for (; empty === 0 && k <= last; k++) {
      const symbol = bits.symbol(coded.ac);
      let run = symbol >> 4;
      let fresh = 0;
      if ((symbol & 15) > 0) fresh = bits.bits(1) === 1 ? plus : -plus;
      else if (run < 15) {
        readEmpty(bits, run);
        break;
      }
      // Passes by as many zeros as the run says; the others on the way are refined.
      for (; k <= last; k++) {
        const at = start + ZIGZAG[k]!;
        if (values[at] !== 0) refine(bits, values, at);
        else if (--run < 0) break;
      }
      if (fresh === 0) continue;
      values[start + ZIGZAG[k]!] = fresh;
      detailed[start / 64] = 1;
    }
    if (empty === 0) return;
    for (; k <= last; k++) {
      const at = start + ZIGZAG[k]!;
      if (values[at] !== 0) refine(bits, values, at);
    }
    empty--;
  };

  return { read: first === 0 ? readDc : refines ? refineAc : readAc, restart };
}

/** Transforms all blocks of a progressive picture's component, and lets their memory go. */
export function transformBlocks(component: Component): void {
  const { columns, rows, steps, coefficients: stored } = component;
  component.plane = new Uint8Array(stored.length);
  for (let block = 0; block < columns * rows; block++) {
    for (let i = 0; i < 64; i++) coefficients[i] = stored[64 * block + i]! * steps![i]!;
    const to = 8 * (Math.floor(block / columns) * 8 * columns + (block % columns));
    inverseBlock(coefficients, component.plane, to, 8 * columns);
  }
  component.coefficients = new Int16Array();
}
