/** Adds up the time in which it runs. */
export class Stopwatch {
  /** Milliseconds of when it started; undefined while it stands still. */
  #since: number | undefined;

  /** @param seconds what it shows at first */
  constructor(private sum = 0) {}

  get seconds(): number {
    return this.#since === undefined ? this.sum : this.sum + (performance.now() - this.#since) / 1000;
  }

  start(): void {
    this.#since ??= performance.now();
  }

  stop(): void {
    this.sum = this.seconds;
    this.#since = undefined;
  }

  /** Stops it and sets it to 0. @returns the seconds that it showed */
  reset(): number {
    this.stop();
    const { sum } = this;
    this.sum = 0;
    return sum;
  }
}
