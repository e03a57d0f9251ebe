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

/** Checks an option. @throws SpecError that says what the option has to be, if it is not right */
export function requireOption(name: string, value: unknown, isRight: unknown, what: string): void {
  if (!isRight) throw new SpecError(`${name} has to be ${what}, but is ${value}.`);
}

/** Checks the options that all long operations share. @throws SpecError if one is given and of the wrong type */
export function requireRunOptions(
  signal: AbortSignal | undefined,
  onProgress: ((progress: never) => unknown) | undefined,
): void {
  requireOption("signal", signal, !signal || signal.throwIfAborted, "an AbortSignal");
  requireOption("onProgress", onProgress, !onProgress || typeof onProgress === "function", "a function");
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
