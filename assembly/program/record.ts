/** Reads the words of an operation's record (layout.ts). */
import { EACH_IMAGE, EACH_IMAGE_OPERATIONS } from "../../build/assembly/opcodes";
import { OPCODE, RECORD_WORDS } from "./layout";

/** Bytes of a record. */
export const RECORD: usize = <usize>RECORD_WORDS << 2;

/** The record of the operation after `op`. The body of eachImage counts as part of it. */
// @ts-ignore: decorator
@inline
export function next(op: usize): usize {
  return op + RECORD * (word(op, OPCODE) == EACH_IMAGE ? 1 + address(op, EACH_IMAGE_OPERATIONS) : 1);
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

/** The address in word `index`, plus `count` times the number of bytes in the next word. */
// @ts-ignore: decorator
@inline
export function part(op: usize, index: i32, count: i32): usize {
  return address(op, index) + <usize>count * address(op, index + 1);
}
