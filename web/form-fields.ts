/** Reads the numbers that users type, and says in their words what is wrong with one. */
import { input } from "./dom.ts";

/** What a user has to change in a field of the page. */
export class FieldError extends Error {
  constructor(
    /** The field's id. */
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

interface Limits {
  readonly whole: boolean;
  readonly least: number;
  readonly most: number;
}

const limits: Readonly<Record<string, Limits>> = {
  epochs: { whole: true, least: 1, most: 1e6 },
  batch: { whole: true, least: 1, most: 65_536 },
  seed: { whole: true, least: 0, most: 2 ** 32 - 1 },
  threads: { whole: true, least: 1, most: 64 },
  "learning-rate": { whole: false, least: Number.MIN_VALUE, most: 1000 },
};

/** @throws FieldError if the field holds no number, or one that is out of range */
export function numberFrom(id: string): number {
  const value = input(id).valueAsNumber;
  const { whole, least, most } = limits[id]!;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const range =
    least === Number.MIN_VALUE
      ? `above 0 and at most ${most}`
      : `from ${least} to ${most.toLocaleString("en")}`;
  throw new FieldError(id, `${labelOf(id)} has to be a ${whole ? "whole " : ""}number ${range}.`);
}

/** Reads "25" as a number and "0 to 55" as a range. @throws FieldError if it is neither */
export function sigmaFrom(id: string): number | [number, number] {
  const numbers = input(id)
    .value.split("to")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [least = Number.NaN, most = least] = numbers;
  if (numbers.length > 2 || !(least >= 0 && most >= least && most <= 1000))
    throw new FieldError(
      id,
      `${labelOf(id)} has to be a number, such as 25, or a range, such as 0 to 55, of grey levels up to 1000.`,
    );
  return numbers.length === 2 ? [least, most] : least;
}

function labelOf(id: string): string {
  return input(id).closest("label")!.firstChild!.textContent!.trim();
}
