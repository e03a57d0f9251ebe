/** How a command ends early when the system or the user asks it to. */

/** Somebody interrupted a command. The message says what has become of its work. */
export class Interrupted extends Error {
  constructor(
    message: string,
    /** The process's exit code: 130 after an interrupt from the terminal, 143 where it was told to end. */
    readonly code: number,
  ) {
    super(message);
  }
}

/** The signals that ask a process to end, with the exit codes that they lead to. A terminal that is closed sends SIGHUP. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const;

/**
 * Signals that come so many milliseconds after the first are no second request: a terminal sends its signal to npm too, which
 * passes it on.
 */
const ECHO = 500;

/** Makes the cursor visible, which bars of progress hide, and begins a line. */
const SHOW_CURSOR = "\u001b[?25h\n";

/**
 * Listens for the signals that ask the process to end, until it is disposed of. The first aborts `signal`, whose reason is an
 * `Interrupted`; the command can then put its work in order. A second one ends the process at once.
 */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #names = Object.keys(codes) as (keyof typeof codes)[];
  #first = Infinity;

  constructor() {
    for (const name of this.#names) process.on(name, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What `signal` was aborted for; undefined if it was not. */
  get reason(): Interrupted | undefined {
    return this.signal.reason;
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    const code = codes[name as keyof typeof codes];
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#first = now;
      this.#controller.abort(new Interrupted("Interrupted; nothing was written.", code));
    } else if (now - this.#first > ECHO) {
      if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
      process.exit(code);
    }
  };
}
