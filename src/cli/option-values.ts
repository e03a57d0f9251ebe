/** What the texts of options stand for: numbers and files. */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError, Option } from "commander";
import { SpecError } from "../errors.ts";
import type { Range } from "../pictures/picture.ts";

/** What a JSON file holds. @param kind what else the name could be, for the error @throws SpecError */
export async function readJson(name: string, kind: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(name, "utf8"));
  } catch (cause) {
    const { message } = cause as Error;
    throw new SpecError(
      cause instanceof SyntaxError
        ? `${name} is not JSON: ${message}.`
        : `"${name}" is neither ${kind} nor a file that can be read: ${message}.`,
      { cause },
    );
  }
}

/** The number that an option's text stands for. @throws SpecError if it is not a number */
export function numberFrom(option: string, text: string): number {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(number)) throw new SpecError(`${option} has to be a number, but is "${text}".`);
  return number;
}

/** A parser of numbers for commander, which reports a wrong number as wrong usage. */
export function numberIn(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (value >= least && value <= greatest) return value;
    throw new InvalidArgumentError(
      `It has to be a number of at least ${least}${greatest < Infinity ? ` and at most ${greatest}` : ""}.`,
    );
  };
}

/** The same of whole numbers. */
export function wholeIn(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const number = numberIn(least, greatest)(text);
    if (Number.isInteger(number)) return number;
    throw new InvalidArgumentError("It has to be a whole number.");
  };
}

/** A parser of whole numbers above 0 for commander. */
export const wholeFrom = wholeIn(1, Infinity);

/** The option --range of commands whose pictures may fill only a part of what their files can hold. */
export const rangeOption = () =>
  new Option(
    "--range <black,white>",
    "the values of black and of white in the pictures, such as 0,4095 for 12 bits (default: all that their files can hold)",
  ).argParser(rangeFrom);

function rangeFrom(text: string): Range {
  const [black = Number.NaN, white = Number.NaN, ...others] = text.split(",").map(Number.parseFloat);
  if (white > black && others.length === 0) return [black, white];
  throw new InvalidArgumentError("It has to be two numbers, the larger one last, such as 0,4095.");
}
