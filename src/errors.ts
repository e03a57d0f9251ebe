/** Base of every error this package throws on purpose: the message says what was wrong, where, and what to do. */
export class DenoiseError extends Error {
  // Spelt out in each class, since minifiers change what classes are called.
  override name = "DenoiseError";
}

/** Images, labels or an archive that cannot be read, or that do not fit together. */
export class DataError extends DenoiseError {
  override name = "DataError";
}

/** A model or checkpoint file that is broken or does not fit its spec. */
export class ModelFileError extends DenoiseError {
  override name = "ModelFileError";
}

/** A spec, recipe or option that is unknown, out of range, or does not fit the data. */
export class SpecError extends DenoiseError {
  override name = "SpecError";
}

/** @throws SpecError that says what an option has to be, where it is not right */
export function requireOption(name: string, value: unknown, isRight: unknown, what: string): void {
  if (!isRight) throw new SpecError(`${name} has to be ${what}, but is ${value}.`);
}

/** The options of every long operation, where they are given. @throws SpecError where one is of the wrong type */
export function requireRunOptions(
  signal: AbortSignal | undefined,
  onProgress: ((progress: never) => unknown) | undefined,
): void {
  requireOption("signal", signal, !signal || signal.throwIfAborted, "an AbortSignal");
  requireOption("onProgress", onProgress, !onProgress || typeof onProgress === "function", "a function");
}

/** Training produced NaN or infinity. */
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
