/** How operations are read, and how their items are dealt out to threads. */
import { Op } from "./opcodes";

/** Bytes of an operation. */
export const RECORD: usize = 80;

/** The operation after `op`: the body of eachImage belongs to it. */
// @ts-ignore: decorator
@inline
export function next(op: usize): usize {
  return op + RECORD * (word(op, 0) == Op.eachImage ? 1 + address(op, 3) : 1);
}

/** Where the share of thread `thread` begins, when `items` are dealt out in `threads` runs of equal length. */
// @ts-ignore: decorator
@inline
export function share(items: i32, thread: i32, threads: i32): i32 {
  return items * thread / threads;
}

// @ts-ignore: decorator
@inline
export function word(op: usize, index: i32): i32 {
  return load<i32>(op + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function address(op: usize, index: i32): usize {
  return load<usize>(op + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function float(op: usize, index: i32): f32 {
  return load<f32>(op + (<usize>index << 2));
}
