/** The level of the noise, from what was found in a picture's blocks: a small network, trained on pictures and noise. */
import { weights as text } from "./block-level-weights.ts";
import { BANDS, type Block } from "./blocks.ts";

/** The parts of the blocks, the flattest first, that are looked at together. */
const PARTS = [0.05, 0.2, 0.5, 1];
/** A part has at least this many blocks. */
const LEAST_BLOCKS = 4;
/**
 * In a plain picture, the flattest part of the blocks has at least this many times the deviation of the flattest half. In
 * mere noise it is about 0.95.
 */
const PLAIN = 0.85;
/** The weights are stored in this fraction of 1. */
const UNIT = 1 / 32;

/** For each hidden unit its weights and its bias, then the weights and the bias of the output: int8. */
const weights = Int8Array.from(atob(text), (character) => character.charCodeAt(0));

export interface BlockLevel {
  /** In grey levels, at least 0. */
  readonly level: number;
  /** Whether most of the picture has no texture. */
  readonly isPlain: boolean;
}

/**
 * The level of the noise in grey levels, at least 0: the root mean square of what the noise added to the values of a
 * picture, grey or in colour. There have to be at least 4 blocks.
 *
 * The flattest blocks show the noise best, but neither it alone nor all of it: so a network of one hidden layer judges
 * them. It is told how the details of the flattest 5 %, 20 % and 50 % of the blocks are spread over the scales, which
 * differs between noise, noise that a camera has smoothed, and texture; and how these parts differ in strength,
 * brightness and clipped values. It answers how many times stronger than the flattest fifth the noise is.
 */
export function levelOfBlocks(blocks: readonly Block[], isColour: boolean): BlockLevel {
  const inputs = inputsOf(blocks, isColour);
  const { length } = inputs.values;
  const units = (weights.length - 1) / (length + 2);
  let ratio = weights.at(-1)! * UNIT;
  for (let unit = 0; unit < units; unit++) {
    const at = unit * (length + 1);
    let sum = weights[at + length]!;
    for (let i = 0; i < length; i++) sum += weights[at + i]! * inputs.values[i]!;
    if (sum > 0) ratio += sum * UNIT * weights[units * (length + 1) + unit]! * UNIT;
  }
  return { level: Math.max(0, ratio) * inputs.deviation, isPlain: inputs.isPlain };
}

/** What the network is told, and the deviation in the flattest fifth of the blocks. */
export function inputsOf(
  blocks: readonly Block[],
  isColour: boolean,
): { values: number[]; deviation: number; isPlain: boolean } {
  const sorted = blocks.toSorted((a, b) => a.strength - b.strength);
  const parts = PARTS.map((part) =>
    meanOf(sorted.slice(0, Math.max(LEAST_BLOCKS, Math.round(part * sorted.length)))),
  );
  const deviations = parts.map(({ strength }) => Math.max(0.001, Math.sqrt(strength)));
  const spectra = parts
    .slice(0, -1)
    .flatMap(({ details }, i) =>
      Array.from(details, (square) => Math.min(3, Math.sqrt(square) / deviations[i]! - 1)),
    );
  const values = [
    ...spectra,
    ...deviations.slice(1).map((deviation, i) => deviations[i]! / deviation - 0.5),
    ...parts.map(({ brightness }) => brightness / 128 - 1),
    ...parts.map(({ clipped }) => Math.sqrt(clipped)),
    Number(isColour),
    ...[10, 3].flatMap((scale) => deviations.slice(0, 2).map((deviation) => deviation / (deviation + scale))),
  ];
  return { values, deviation: deviations[1]!, isPlain: deviations[0]! > PLAIN * deviations[2]! };
}

function meanOf(blocks: readonly Block[]): Block {
  const details = new Float64Array(2 * BANDS);
  let [strength, brightness, clipped] = [0, 0, 0];
  for (const block of blocks) {
    for (let i = 0; i < details.length; i++) details[i] = details[i]! + block.details[i]! / blocks.length;
    strength += block.strength / blocks.length;
    brightness += block.brightness / blocks.length;
    clipped += block.clipped / blocks.length;
  }
  return { details, strength, brightness, clipped };
}
