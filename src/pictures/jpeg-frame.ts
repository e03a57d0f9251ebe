/** The frame header of a JPEG file (ITU-T T.81, B.2.2): the size of the picture and how its components are stored. */
import { DataError } from "../errors.ts";
import type { Broken } from "./jpeg-segments.ts";

/** One of the planes that a picture is stored in, such as its luma. */
export interface Component {
  readonly id: number;
  /** Sampling factors across and down: a component with fewer than the greatest ones has a lower resolution. */
  readonly across: number;
  readonly down: number;
  readonly quantiser: number;
  /** Its own size in values. */
  readonly width: number;
  readonly height: number;
  /** Blocks of 8×8 values that there is memory for: whole units of all components, so a few more than its size needs. */
  readonly columns: number;
  readonly rows: number;
  /** The steps of quantisation, row after row, as they were at its first scan. */
  steps: Int32Array | undefined;
  /** Progressive: 64 coefficients for each block. */
  coefficients: Int16Array;
  /** Progressive: for each block 1 if a coefficient other than the first is not 0, so that the others can be passed by. */
  detailed: Uint8Array;
  /** Its values, `8 * columns` to a row. */
  plane: Uint8Array;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  /** The greatest sampling factors, across and down. */
  readonly across: number;
  readonly down: number;
  /** Units of all components, each 8 · `across` × 8 · `down` pixels. */
  readonly unitsAcross: number;
  readonly unitsDown: number;
}

const kinds = ["baseline", "extended", "progressive", "lossless"];

/** Whether a marker begins a frame: SOF0 to SOF15, among which DHT, JPG and DAC have their numbers. */
export const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Reads the header. Nothing is allocated for the picture. @throws DataError if it is broken, or of a kind that is refused */
export function readFrame(marker: number, data: Uint8Array, name: string, broken: Broken): Frame {
  const refused = (what: string) =>
    new DataError(`${name} is a JPEG ${what}, which is not supported; save it as a PNG or as a usual JPEG`);
  const kind = marker > 0xc8 ? "arithmetically coded" : (kinds[marker - 0xc0] ?? "hierarchical");
  if (marker > 0xc2) throw refused(`of a rare kind (${kind})`);
  const [bits = 0, high = 0, low = 0, wideHigh = 0, wideLow = 0, count = 0] = data;
  if (data.length < 6 || data.length !== 6 + 3 * count) throw broken("its frame header has a wrong length");
  if (bits !== 8) throw refused(`of ${bits} bits`);
  if (![1, 3, 4].includes(count)) throw refused(`of ${count} components`);
  const [width, height] = [wideHigh * 256 + wideLow, high * 256 + low];
  const stored = Array.from({ length: count }, (_, i) => {
    const [id = 0, factors = 0, quantiser = 0] = data.subarray(6 + 3 * i);
    // A single component is stored block by block, whatever its factors are.
    const [across, down] = count === 1 ? [1, 1] : [factors >> 4, factors & 15];
    if (![across, down].every((factor) => factor >= 1 && factor <= 4) || quantiser > 3)
      throw broken("its frame header has values that do not exist");
    return { id, across, down, quantiser };
  });
  const across = Math.max(...stored.map((component) => component.across));
  const down = Math.max(...stored.map((component) => component.down));
  if (stored.some((component) => across % component.across > 0 || down % component.down > 0))
    throw refused("whose components have resolutions of no whole ratio");
  const [unitsAcross, unitsDown] = [Math.ceil(width / (8 * across)), Math.ceil(height / (8 * down))];
  const components = stored.map((component) => ({
    ...component,
    width: Math.ceil((width * component.across) / across),
    height: Math.ceil((height * component.down) / down),
    columns: unitsAcross * component.across,
    rows: unitsDown * component.down,
    steps: undefined,
    coefficients: new Int16Array(),
    detailed: new Uint8Array(),
    plane: new Uint8Array(),
  }));
  return { width, height, isProgressive: marker === 0xc2, components, across, down, unitsAcross, unitsDown };
}

/** The blocks of all components. */
export const blocksOf = ({ components }: Frame): number =>
  components.reduce((sum, { columns, rows }) => sum + columns * rows, 0);
