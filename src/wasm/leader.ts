/**
 * The leader: the thread that opens programs and works on them together with the workers (assembly/program/threads.ts).
 * Threads sleep in JavaScript: the leader here, the workers in thread-main.ts.
 */
import {
  CAME,
  CAME_BYTES,
  CLAIM,
  ENDED,
  HOME,
  PATIENCE,
  SLEEPERS,
  SPINS,
  TURN,
  TURN_OVER,
} from "../../assembly/program/layout.ts";
import type { Place } from "./thread-main.ts";

/**
 * How often a thread looks for something to do before it goes to sleep, if there is a free core for each thread: some
 * 100 µs.
 */
const SPINS_BEFORE_SLEEP = 50_000;
/**
 * The same on a crowded machine, where other processes need the cores too. A thread that the system has stopped, with
 * items that it has taken, goes on as soon as the thread that waits for these items leaves it a core.
 */
const SPINS_IN_A_CROWD = 10_000;
/**
 * How often a worker takes items, on a crowded machine, before it sleeps for a moment: half a millisecond of work, less
 * than the system's time slice.
 */
const TURN_IN_A_CROWD = 32;
/** The machine counts as crowded for this many programs after one in which this thread had to sleep. */
const CROWDED = 64;
/** How many milliseconds a thread may keep items that it has taken, or stay away while others work. */
const WORK_PATIENCE = 30_000;
/**
 * At most this many milliseconds count at once. So no thread counts as lost because the whole process was stopped for a
 * while, as when a laptop is closed.
 */
const SLICE = 1000;

/** What every build of the training core exports. */
export interface WalkerExports {
  /** Runs the program at an address on this thread. */
  run(program: number): void;
}

/** What the builds with threads export in addition. */
export interface ThreadExports extends WalkerExports {
  begin(program: number, sync: number): void;
  work(sync: number, thread: number): number;
}

export class Leader {
  readonly #exports: ThreadExports;
  readonly #sync: number;
  readonly #words: Int32Array;
  readonly #spins: number;
  /** The index of the word that threads sleep on: the upper half of CLAIM. */
  readonly #phase: number;
  readonly #attendance = new Map<number, Attendance>();
  /** For how many more programs the machine counts as crowded. */
  #crowded = 0;
  /** Whether a program is open. It stays open if it fails, since other threads may still work on it. */
  #open = false;

  /**
   * @param sync address of the block in memory by which threads synchronise
   * @param free whether there is a core for each thread
   */
  constructor(exports: ThreadExports, memory: WebAssembly.Memory, sync: number, free: boolean) {
    this.#exports = exports;
    this.#sync = sync;
    this.#words = new Int32Array(memory.buffer);
    this.#spins = free ? SPINS_BEFORE_SLEEP : 0;
    this.#phase = this.#at(CLAIM + 4);
    this.#words[this.#at(SPINS)] = this.#spins;
    this.#words[this.#at(PATIENCE)] = WORK_PATIENCE;
  }

  /** What a worker has to know to take part. */
  placeOf(thread: number): Place {
    this.#attendance.set(thread, new Attendance(this.#words, this.#at(CAME + CAME_BYTES * thread)));
    return {
      sync: this.#sync,
      thread,
      phase: this.#phase,
      sleepers: this.#at(SLEEPERS),
      home: this.#at(HOME),
      turnOver: TURN_OVER,
    };
  }

  /** Runs a program on all threads. @returns how a worker was lost, or undefined if none was */
  run(program: number): string | undefined {
    if (this.#open) return "a program failed";
    this.#open = true;
    const start = performance.now();
    if (!this.#lead(program)) return "it did not finish what it had taken";
    this.#open = false;
    if (this.#crowded > 0) this.#setCrowded(this.#crowded - 1);
    const elapsed = Math.min(SLICE, performance.now() - start);
    for (const one of this.#attendance.values()) {
      if (one.absence(elapsed) > this.#patience) return "it no longer comes to work";
    }
    return undefined;
  }

  /** Tells the workers to end. */
  sendHome(): void {
    Atomics.store(this.#words, this.#at(HOME), 1);
    Atomics.notify(this.#words, this.#phase);
  }

  /** Works on a program until it has ended. @returns false if another thread does not finish the items that it took */
  #lead(program: number): boolean {
    this.#exports.begin(program, this.#sync);
    for (let left = this.#patience; left > 0; ) {
      const seen = Atomics.load(this.#words, this.#phase);
      if (this.#exports.work(this.#sync, 0) === ENDED) return true;
      this.#setCrowded(CROWDED);
      if (this.#sleep(seen, left)) left = this.#patience;
      else left -= SLICE;
    }
    return false;
  }

  /** Sleeps until another thread opens a phase, but at most for SLICE. @returns whether one did */
  #sleep(seen: number, most: number): boolean {
    const sleepers = this.#at(SLEEPERS);
    Atomics.add(this.#words, sleepers, 1);
    const outcome = Atomics.wait(this.#words, this.#phase, seen, Math.min(most, SLICE));
    Atomics.sub(this.#words, sleepers, 1);
    return outcome !== "timed-out";
  }

  #setCrowded(programs: number): void {
    this.#crowded = programs;
    this.#words[this.#at(SPINS)] = Math.min(this.#spins, programs > 0 ? SPINS_IN_A_CROWD : this.#spins);
    this.#words[this.#at(TURN)] = programs > 0 ? TURN_IN_A_CROWD : 0;
  }

  get #patience(): number {
    return this.#words[this.#at(PATIENCE)]!;
  }

  /** The index of the word at an offset in bytes in the block by which threads synchronise. */
  #at(offset: number): number {
    return (this.#sync + offset) >> 2;
  }
}

/** Measures how long a worker has stayed away while others worked, by the word that counts how often it came. */
class Attendance {
  #absence = 0;
  #came = 0;

  constructor(
    private readonly words: Int32Array,
    private readonly word: number,
  ) {}

  /** @param elapsed milliseconds that others have worked; @returns all such milliseconds since the worker came last */
  absence(elapsed: number): number {
    const came = Atomics.load(this.words, this.word);
    this.#absence = came === this.#came ? this.#absence + elapsed : 0;
    this.#came = came;
    return this.#absence;
  }
}
