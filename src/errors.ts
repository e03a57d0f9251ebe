/** Base of every error that this package throws on purpose. The message says what is wrong, where, and what to do. */
export class DenoiseError extends Error {
  // Each class writes its name out, since minifiers rename classes.
  override name = "DenoiseError";
}

/** Pictures, labels or an archive that cannot be read, do not fit together, or do not fit the model. */
export class DataError extends DenoiseError {
  override name = "DataError";
}

/** A model or checkpoint that cannot be read, is broken, or does not fit its spec. */
export class ModelFileError extends DenoiseError {
  override name = "ModelFileError";
}

/** A spec, recipe or option that is unknown, out of range, or does not fit the data. */
export class SpecError extends DenoiseError {
  override name = "SpecError";
}

/** A text without characters that a terminal would obey, such as those that move its cursor. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, "?");

/** A value in words fit for a message: short, on one line, and without characters that a terminal would obey. */
export function shown(value: unknown): string {
  if (typeof (value as PromiseLike<unknown> | undefined)?.then === "function") return "a promise: await it";
  let text: string = typeof value;
  try {
    text = tagOf(value);
    // Only plain data is written out: other objects may be large, and tell nothing.
    if (/^\[object (String|Array|Object)]$/.test(text)) text = JSON.stringify(value);
    else if (typeof value !== "object" || value === null) text = String(value);
  } catch {
    // What nests too deep, or in a circle, keeps the name of its kind.
  }
  return printable(text.slice(0, 200));
}

/** Checks an option. @throws SpecError that says what the option has to be, if it is not right */
export function requireOption(name: string, value: unknown, isRight: unknown, what: string): void {
  if (!isRight) throw new SpecError(`${name} has to be ${what}, but is ${shown(value)}.`);
}

/** Gives options back if they are an object. @throws SpecError otherwise */
export function optionsFrom<Options extends object>(options: Options | undefined): Options {
  const given = options === undefined ? ({} as Options) : options;
  // A promise or an AbortSignal has another tag. It has no options of its own, and would be passed over in silence.
  requireOption("options", given, tagOf(given) === "[object Object]", "an object");
  return given;
}

/** Checks that nothing is left of options when all that are known were taken out. @throws SpecError */
export function requireNoOthers(others: object): void {
  for (const name in others)
    throw new SpecError(`There is no option ${shown(name)}. Check how it is written, or leave it out.`);
}

/** The name of a value's kind in brackets, such as "[object Promise]". */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

/** Checks the options that all long operations share. @throws SpecError if one is given and of the wrong type */
export function requireRunOptions(
  signal: AbortSignal | undefined,
  onProgress: ((progress: never) => unknown) | undefined,
): void {
  const isSignal = signal === undefined || typeof signal?.throwIfAborted === "function";
  requireOption("signal", signal, isSignal, "an AbortSignal");
  const isCallback = onProgress === undefined || typeof onProgress === "function";
  requireOption("onProgress", onProgress, isCallback, "a function");
}

/** Training produced NaN or infinity. `epoch` and `batch`, both counted from 1, name the step where it was found. */
export class DivergenceError extends DenoiseError {
  override name = "DivergenceError";

  constructor(
    message: string,
    readonly epoch: number,
    readonly batch: number,
  ) {
    super(message);
  }
}

/** The runtime lacks something the engine needs, such as WebAssembly SIMD. */
export class UnsupportedRuntimeError extends DenoiseError {
  override name = "UnsupportedRuntimeError";
}

/** A worker thread died or stopped answering. */
export class ThreadError extends DenoiseError {
  override name = "ThreadError";
}

/** A file or folder that cannot be written. */
export class OutputError extends DenoiseError {
  override name = "OutputError";
}
