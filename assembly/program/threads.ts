/**
 * Several threads on one program. All of them take items of the phase that is worked on, a few at a time, until there is
 * none left; whoever finishes the last one opens the next phase. So nobody waits for a thread that the system does not run,
 * but for the few items that it may have taken. Who takes an item never shows in the result.
 *
 * They meet in a block of shared memory (layout.ts). CLAIM names the phase and the next free item in one word, so that a
 * thread learns by one addition which items of which phase it has: one that comes late takes from the phase that there is
 * then. Threads sleep in JavaScript (src/wasm/threads.ts): here they look a number of times, and return.
 */
import { END } from "../../build/assembly/opcodes";
import {
  CAME, CAME_BYTES, CLAIM, DONE, ENDED, GRAIN, IDLE, ITEMS, OPCODE, SLEEPERS, SPINS, TURN, TURN_OVER, WITH_NEXT,
} from "./layout";
import { runItems } from "./program";
import { next, word } from "./record";

/** Opens a program, for all threads: to be called by one thread while no program is open. */
export function begin(program: usize, sync: usize): void {
  open(program, sync);
}

/**
 * Works as thread `thread` on what is open.
 * @returns IDLE when there was nothing to take for a while; ENDED when the program has ended, to thread 0 alone, which
 * opened it; TURN_OVER when one of the others has taken items as often as TURN says
 */
export function work(sync: usize, thread: i32): i32 {
  const came = sync + CAME + thread * CAME_BYTES;
  const spins = load<i32>(sync, SPINS);
  let left = spins;
  let turn = thread == 0 ? 0 : load<i32>(sync, TURN);
  atomic.add<i32>(came, 1);
  while (true) {
    const claim = atomic.load<u64>(sync + CLAIM);
    const phase = phaseOf(claim);
    const op = phase ? operationAt(phase, itemOf(claim)) : 0;
    if (op) {
      const grain = word(op, GRAIN);
      const taken = atomic.add<u64>(sync + CLAIM, <u64>grain);
      atomic.add<i32>(came, 1);
      runTaken(sync, thread, phaseOf(taken), itemOf(taken), grain);
      left = spins;
      if (turn && --turn == 0) return TURN_OVER;
    } else {
      if (thread == 0 && word(phase, OPCODE) == END) return ENDED;
      while (atomic.load<u64>(sync + CLAIM) == claim) if (left-- <= 0) return IDLE;
    }
  }
}

/** Runs `count` items from number `first` of a phase on, as far as there are any, and opens the next phase after its last. */
function runTaken(sync: usize, thread: i32, phase: usize, first: i32, count: i32): void {
  let ran = 0;
  let items = 0;
  let op = phase;
  for (let more = true; more; op = next(op)) {
    const start = max(first - items, 0);
    const stop = min(first + count - items, word(op, ITEMS));
    if (start < stop) {
      runItems(op, thread, start, stop);
      ran += stop - start;
    }
    items += word(op, ITEMS);
    more = word(op, WITH_NEXT) != 0;
  }
  if (ran > 0 && atomic.add<i32>(sync + DONE, ran) + ran == items) open(op, sync);
}

/** Lets threads take items of the phase that begins with `phase`. */
function open(phase: usize, sync: usize): void {
  atomic.store<i32>(sync + DONE, 0);
  atomic.store<u64>(sync + CLAIM, <u64>phase << 32);
  if (atomic.load<i32>(sync + SLEEPERS)) atomic.notify(sync + CLAIM + 4, -1);
}

/** The operation of a phase that has its item number `item`, or 0 where the phase has fewer; the end of a program has none. */
function operationAt(phase: usize, item: i32): usize {
  let op = phase;
  let items = word(op, ITEMS);
  while (item >= items && word(op, WITH_NEXT)) {
    item -= items;
    op = next(op);
    items = word(op, ITEMS);
  }
  return item < items ? op : 0;
}

// @ts-ignore: decorator
@inline
function phaseOf(claim: u64): usize {
  return <usize>(claim >> 32);
}

// @ts-ignore: decorator
@inline
function itemOf(claim: u64): i32 {
  return <i32>claim;
}
