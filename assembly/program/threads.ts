/**
 * Runs one program on several threads. All threads take items of the open phase, a few at a time, until none are left. The
 * thread that finishes the last item opens the next phase. So no thread waits for one that the system does not run, except
 * for the few items that it may have taken. The result does not depend on which thread does which items.
 *
 * The threads coordinate through a block of shared memory (layout.ts). Its 64-bit word CLAIM holds both the phase and the
 * number of the next free item. One atomic addition therefore tells a thread which items it has taken, and of which phase,
 * even if a new phase was opened since it last looked. Threads sleep in JavaScript (src/wasm/leader.ts,
 * src/wasm/thread-main.ts): `work` only looks for items a number of times, and then returns.
 */
import { END } from "../../build/assembly/opcodes";
import {
  CAME, CAME_BYTES, CLAIM, DONE, ENDED, GRAIN, IDLE, ITEMS, OPCODE, SLEEPERS, SPINS, TURN, TURN_OVER, WITH_NEXT,
} from "./layout";
import { runItems } from "./program";
import { next, word } from "./record";

/**
 * Takes and runs items of the open program, as thread `thread`.
 * @returns IDLE if there were no free items for a while; ENDED if the program has ended, to thread 0 only; TURN_OVER if a
 * thread other than 0 has taken items as many times as TURN allows
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

/**
 * Runs those of the `count` items from number `first` on that the phase has. If these were the last to be done, opens the
 * next phase.
 */
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
  if (ran > 0 && atomic.add<i32>(sync + DONE, ran) + ran == items) begin(op, sync);
}

/**
 * Opens the phase whose first operation is `phase`: from now on threads can take its items. Thread 0 opens the first phase of
 * a program, while no program is open.
 */
export function begin(phase: usize, sync: usize): void {
  atomic.store<i32>(sync + DONE, 0);
  atomic.store<u64>(sync + CLAIM, <u64>phase << 32);
  if (atomic.load<i32>(sync + SLEEPERS)) atomic.notify(sync + CLAIM + 4, -1);
}

/** The operation that item number `item` of a phase belongs to; 0 if the phase has no such item. The end of a program has none. */
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
