/**
 * Several threads on one program: thread 0 calls `lead` once a step, each of the others `follow`. All of them
 * walk the same table, each takes its share of every operation, and a barrier stands after each operation that
 * the next one builds on.
 *
 * They meet in a block of shared memory that begins with zeros, a cache line a word:
 */
import { INDEPENDENT, Op } from "./opcodes";
import { execute } from "./program";
import { next, word } from "./record";

/** Counts programs begun. The leader adds 1; the others wait for that in JavaScript (src/wasm/workers.ts). */
const BEGUN: usize = 0;
/** Threads that have reached the barrier. */
const ARRIVED: usize = 64;
/** Counts barriers passed. */
const PASSED: usize = 128;
/** Not 0 once a thread is lost: nobody waits any longer. */
const FAILED: usize = 192;
/** Address of the program that has begun; 0 sends the others home. */
const PROGRAM: usize = 256;
/** How often to look before going to sleep; 0 where there are fewer cores than threads. */
const SPINS: usize = 260;
/** Milliseconds to wait for another thread at a barrier before it counts as lost. */
const PATIENCE: usize = 264;

/** Runs a program as thread 0 of `threads`. @returns whether all threads came through */
export function lead(program: usize, sync: usize, threads: i32): bool {
  store<u32>(sync, <u32>program, PROGRAM);
  atomic.add<i32>(sync + BEGUN, 1);
  atomic.notify(sync + BEGUN, -1);
  return walk(program, sync, 0, threads);
}

/** Runs the program that has begun as thread `thread` of `threads`. @returns whether all threads came through */
export function follow(sync: usize, thread: i32, threads: i32): bool {
  return walk(<usize>load<u32>(sync, PROGRAM), sync, thread, threads);
}

function walk(program: usize, sync: usize, thread: i32, threads: i32): bool {
  for (let op = program; word(op, 0) != Op.end; op = next(op)) {
    execute(op, thread, threads);
    if (!word(op, INDEPENDENT) && !barrier(sync, threads)) return false;
  }
  return barrier(sync, threads);
}

/** Returns once all threads are here, or false when one is lost. */
function barrier(sync: usize, threads: i32): bool {
  const passed = atomic.load<i32>(sync + PASSED);
  if (atomic.add<i32>(sync + ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(sync + ARRIVED, 0);
    atomic.add<i32>(sync + PASSED, 1);
    atomic.notify(sync + PASSED, -1);
  } else {
    for (let spins = load<i32>(sync, SPINS); spins > 0; spins--) {
      if (atomic.load<i32>(sync + PASSED) != passed) break;
    }
    // In slices, since a process that is stopped for a while, as by a lid that is closed, loses one of them only.
    let left = load<i32>(sync, PATIENCE);
    while (atomic.load<i32>(sync + PASSED) == passed) {
      const slice = min(left, 1000);
      if (atomic.wait<i32>(sync + PASSED, passed, <i64>slice * 1000000) != AtomicWaitResult.TIMED_OUT) continue;
      left -= slice;
      if (left > 0) continue;
      atomic.store<i32>(sync + FAILED, 1);
      break;
    }
  }
  return !atomic.load<i32>(sync + FAILED);
}
