/** Matrices in panels of 8 columns (assembly/dense/gemm.ts) in the memory of a test. */
import { batchPanelBytes, panelsOf } from "../../assembly/dense/sizes.ts";
import type { Kernels, Region } from "./kernels.ts";
import { pack, unpack, type Values } from "./naive.ts";

export interface Panels extends Region {
  /** Bytes of one panel. */
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

/** A batch, its rows padded with NaN to a multiple of 4; without values, room for one. */
export function placeBatch(kernels: Kernels, rows: number, columns: number, values?: Values): Panels {
  const stride = batchPanelBytes(rows);
  return placePanels(kernels, rows, columns, stride, values && pack(values, rows, columns, stride / 32, NaN));
}

/** A matrix [inputs, units], padded with zeros as weights are; without values, room for one. */
export function placeWeights(kernels: Kernels, inputs: number, units: number, values?: Values): Panels {
  const stride = 256 * panelsOf(inputs);
  return placePanels(kernels, inputs, units, stride, values && pack(values, inputs, units, stride / 32));
}

/** A vector, padded with `padding` to a multiple of 16 values. */
export function placeVector(kernels: Kernels, values: Values, padding = 0): Region {
  const padded = new Float32Array(16 * Math.ceil(values.length / 16)).fill(padding);
  padded.set(values);
  return { address: kernels.floats(padded), bytes: padded.byteLength };
}

function placePanels(kernels: Kernels, rows: number, columns: number, stride: number, packed?: Float32Array) {
  const bytes = panelsOf(columns) * stride;
  const address = packed ? kernels.floats(packed) : kernels.place(bytes);
  return { address, bytes, stride, rows, columns };
}

/** The values, padding left out. */
export function valuesOf(kernels: Kernels, { address, bytes, stride, rows, columns }: Panels): Float32Array {
  return unpack(kernels.float32(address, bytes / 4), rows, columns, stride / 32);
}

/** The rows of each panel, without those that pad them. */
export function rowsOf({ address, bytes, stride, rows }: Panels): Region[] {
  return Array.from({ length: bytes / stride }, (_, panel) => ({
    address: address + panel * stride,
    bytes: 32 * rows,
  }));
}

/** @throws Error where a padding value is not 0: beyond the columns, and beyond the rows too where `rowsToo` */
export function requireZeroPadding(
  kernels: Kernels,
  { address, bytes, stride, rows, columns }: Panels,
  what: string,
  rowsToo = false,
): void {
  kernels.float32(address, bytes / 4).forEach((value, index) => {
    const row = (index >> 3) % (stride / 32);
    const column = (Math.floor(index / (stride / 4)) << 3) + (index & 7);
    const padding = row >= rows ? rowsToo : column >= columns;
    if (padding && value !== 0) throw new Error(`${what}: padding is not zero`);
  });
}
