/** How a reader is fuzzed: inputs from a seed, each within its budget of time and memory, only errors that are typed. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Random } from "../../src/noise/rng.ts";
import { Chance } from "./mutations.ts";

/** Something that takes input that it cannot trust. */
export interface Target {
  readonly name: string;
  /** Makes an input. It says how it was made in its name, if it is not bytes alone. */
  readonly make: (chance: Chance) => unknown;
  /** Takes it. What it throws has to be one of `errors`. */
  readonly take: (input: never) => unknown;
  readonly errors: readonly (new (
    // biome-ignore lint/suspicious/noExplicitAny: classes of errors with any arguments
    ...parameters: any[]
  ) => Error)[];
}

/** No input may take longer, in milliseconds of the processor's time, */
const MOST_MILLISECONDS = 2000;
/** nor raise the memory that the process holds by more than so many bytes: a decoded picture of 256 MiB, and as much again. */
const MOST_BYTES = 2 ** 29;

export interface Finding {
  readonly target: string;
  readonly index: number;
  readonly what: string;
  readonly input: unknown;
}

export interface Outcome {
  readonly inputs: number;
  /** Inputs that were taken, and those that were refused. */
  readonly taken: number;
  readonly slowest: number;
  readonly findings: Finding[];
}

/** An input of a target, by its number. */
export const inputOf = (target: Target, seed: number, index: number): unknown =>
  target.make(new Chance(new Random(seed, 0, index)));

/** Makes Linux forget the most memory that the process has held: a 5 into this file does so. Other systems have no such file. */
const FORGETS = "/proc/self/clear_refs";
const isLinux = existsSync(FORGETS);

/** The most bytes that the process has held: since Linux was made to forget it, elsewhere ever. */
function peak(): number {
  const status = isLinux ? readFileSync("/proc/self/status", "latin1") : "";
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
}

/** Takes one input. @returns what is wrong with how that went, and how many milliseconds it took */
export async function faultOf(
  { take, errors }: Target,
  input: unknown,
): Promise<{ fault?: string; isTaken: boolean; milliseconds: number }> {
  if (isLinux) writeFileSync(FORGETS, "5");
  const held = peak();
  const before = process.resourceUsage();
  let fault: string | undefined;
  let isTaken = true;
  try {
    await take(input as never);
  } catch (error) {
    isTaken = false;
    if (!errors.some((kind) => error instanceof kind)) fault = `throws ${(error as Error)?.stack ?? error}`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
    else if (/[\u0000-\u001f\u007f-\u009f]/.test((error as Error).message))
      fault = `says ${JSON.stringify((error as Error).message)}`;
    else if ((error as Error).message.length > 2000)
      fault = `says ${(error as Error).message.length} characters`;
  }
  const after = process.resourceUsage();
  const milliseconds =
    (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1000;
  const bytes = peak() - held;
  // Memory first, since much of it takes long too.
  if (bytes > MOST_BYTES) fault ??= `takes ${bytes} bytes`;
  if (milliseconds > MOST_MILLISECONDS) fault ??= `takes ${milliseconds} ms`;
  return { ...(fault !== undefined && { fault }), isTaken, milliseconds };
}

/** Takes inputs from a number on, until `isEnough` says so, given how many there were. */
export async function fuzz(
  target: Target,
  { seed, first = 0, isEnough }: { seed: number; first?: number; isEnough: (inputs: number) => boolean },
): Promise<Outcome> {
  const findings: Finding[] = [];
  let taken = 0;
  let slowest = 0;
  let inputs = 0;
  for (; !isEnough(inputs); inputs++) {
    const index = first + inputs;
    const input = inputOf(target, seed, index);
    const { fault, isTaken, milliseconds } = await faultOf(target, input);
    if (isTaken) taken++;
    slowest = Math.max(slowest, milliseconds);
    if (fault !== undefined) findings.push({ target: target.name, index, what: fault, input });
  }
  return { inputs, taken, slowest, findings };
}
