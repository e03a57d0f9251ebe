/** Base of every error this package throws on purpose: the message says what was wrong, where, and what to do. */
export class DenoiseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Images, labels or an archive that cannot be read, or that do not fit together. */
export class DataError extends DenoiseError {}

/** A model or checkpoint file that is broken or does not fit its spec. */
export class ModelFileError extends DenoiseError {}

/** A spec, recipe or option that is unknown, out of range, or does not fit the data. */
export class SpecError extends DenoiseError {}

/** Training produced NaN or infinity. */
export class DivergenceError extends DenoiseError {
  constructor(
    message: string,
    readonly epoch: number,
    readonly batch: number,
  ) {
    super(message);
  }
}

/** The runtime lacks something the engine needs, such as WebAssembly SIMD. */
export class UnsupportedRuntimeError extends DenoiseError {}

/** A worker thread died or stopped answering. */
export class ThreadError extends DenoiseError {}

/** A file or folder that cannot be written. */
export class OutputError extends DenoiseError {}
