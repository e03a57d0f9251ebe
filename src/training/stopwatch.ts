/** A stopwatch that adds up the times in which it runs. */
export class Stopwatch {
  /** When it was started, in milliseconds; undefined while it is stopped. */
  #since: number | undefined;

  /** @param sum the seconds that it shows at first */
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
