/**
 * The thread that opens programs and works on them with the others (assembly/program/threads.ts). Threads sleep in
 * JavaScript: here the leader does, in thread-main.ts the workers.
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

/** Looks for something to do before a thread goes to sleep, where cores are free for all threads: some 100 µs. */
const SPINS_BEFORE_SLEEP = 50_000;
/**
 * The same where other processes run beside them. A thread that has been stopped with items of its own gets on as soon as
 * the one that waits for them leaves a core to it.
 */
const SPINS_IN_A_CROWD = 10_000;
/** How often a worker takes items there before it sleeps for a moment: half a millisecond of work, less than the system's time slice. */
const TURN_IN_A_CROWD = 32;
/** For so many programs after one in which this thread had to sleep, the machine counts as crowded. */
const CROWDED = 64;
/** Milliseconds that a thread may keep what it has taken, or stay away while others work. */
const WORK_PATIENCE = 30_000;
/** The most milliseconds that count at once, since a process that is stopped for a while, as by a lid that is closed, loses no thread. */
const SLICE = 1000;

/** What every build of the training core exports. */
export interface WalkerExports {
  /** Runs the program at an address on this thread. */
  run(program: number): void;
}

/** What the builds with threads export beside that. */
export interface ThreadExports extends WalkerExports {
  begin(program: number, sync: number): void;
  work(sync: number, thread: number): number;
}

export class Leader {
  readonly #exports: ThreadExports;
  readonly #sync: number;
  readonly #words: Int32Array;
  readonly #spins: number;
  /** The upper half of CLAIM: what threads sleep on. */
  readonly #phase: number;
  readonly #attendance = new Map<number, Attendance>();
  /** For how many programs more the machine counts as crowded. */
  #crowded = 0;
  /** Whether a program is open: after one that failed, since others may still work on it. */
  #open = false;

  /**
   * @param sync address of the block where threads meet
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

  /** What a worker has to know. */
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

  /** Runs a program on all threads. @returns how a worker was lost, or undefined where none was */
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

  /** Works on a program until it has ended. @returns false when another thread keeps what it has taken */
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

  /** Sleeps until another thread opens a phase, for a slice at most. @returns whether one did */
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

  /** The word of the memory at an offset in the block where threads meet. */
  #at(offset: number): number {
    return (this.#sync + offset) >> 2;
  }
}

/** How long a worker has stayed away while others worked, told by the word that counts how often it came. */
class Attendance {
  #absence = 0;
  #came = 0;

  constructor(
    private readonly words: Int32Array,
    private readonly word: number,
  ) {}

  /** @param elapsed milliseconds that others worked. @returns those since it came last */
  absence(elapsed: number): number {
    const came = Atomics.load(this.words, this.word);
    this.#absence = came === this.#came ? this.#absence + elapsed : 0;
    this.#came = came;
    return this.#absence;
  }
}
