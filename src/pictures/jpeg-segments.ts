/** The structure of a JPEG file (ITU-T T.81, Annex B): segments one after the other, each behind a marker. */
import type { DataError } from "../errors.ts";

/** Makes the error of a broken file, which `what` describes. */
export type Broken = (what: string, cause?: unknown) => DataError;

export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const DQT = 0xdb;
export const DRI = 0xdd;
export const DHT = 0xc4;
export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP2 = 0xe2;
export const APP14 = 0xee;
export const COM = 0xfe;

export interface Segment {
  readonly marker: number;
  /** Without marker and length. */
  readonly data: Uint8Array;
  /** Behind the header of a scan, its coded data with restart markers; elsewhere empty. */
  readonly coded: Uint8Array;
}

const isRestart = (marker: number) => (marker & 0xf8) === 0xd0;

/**
 * The segments up to the end of the picture (EOI), which comes last, or to the end of a file that has none. Bytes between
 * segments that belong to none are skipped, as libjpeg and browsers do.
 */
export function* segmentsOf(bytes: Uint8Array, broken: Broken): Generator<Segment> {
  const none = bytes.subarray(0, 0);
  for (let at = 2; ; ) {
    while (at < bytes.length && bytes[at] !== 0xff) at++;
    while (bytes[at] === 0xff) at++;
    if (at >= bytes.length) return;
    const marker = bytes[at++]!;
    if (marker === EOI) {
      yield { marker, data: none, coded: none };
      return;
    }
    // 0 and 1 stand for no segment, SOI and restart markers are where they do not belong.
    if (marker <= 1 || marker === SOI || isRestart(marker)) continue;
    const length = at + 2 <= bytes.length ? bytes[at]! * 256 + bytes[at + 1]! : 0;
    if (at + length > bytes.length || at + 2 > bytes.length)
      throw broken(`cut short to ${bytes.length} bytes`);
    if (length < 2) throw broken(`a segment at byte ${at} has the length ${length}`);
    const data = bytes.subarray(at + 2, at + length);
    at += length;
    const start = at;
    if (marker === SOS) at = endOfCoded(bytes, at);
    yield { marker, data, coded: bytes.subarray(start, at) };
  }
}

/** Where the next marker begins that is no restart marker, or the bytes end. */
function endOfCoded(bytes: Uint8Array, from: number): number {
  for (let at = from; ; ) {
    const found = bytes.indexOf(0xff, at);
    if (found < 0) return bytes.length;
    let next = found + 1;
    while (bytes[next] === 0xff) next++;
    if (next >= bytes.length || (bytes[next] !== 0 && !isRestart(bytes[next]!))) return found;
    at = next + 1;
  }
}
