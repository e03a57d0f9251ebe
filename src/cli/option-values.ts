/** What the texts of options stand for: numbers and files. */
import { readFile } from "node:fs/promises";
import { SpecError } from "../errors.ts";

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
