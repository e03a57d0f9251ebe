/**
 * The walker: runs a program, which is a table of operations in memory (layout.ts). One program is one training step or one
 * forward pass. operations.ts declares each operation's words and kernel; the build generates `execute` from it.
 */
import { execute } from "../../build/assembly/execute";
import {
  EACH_IMAGE, EACH_IMAGE_CHUNKS, EACH_IMAGE_IMAGES, EACH_IMAGE_ONLY, END,
} from "../../build/assembly/opcodes";
import { ITEMS, OPCODE } from "./layout";
import { next, RECORD, word } from "./record";

/** Runs the program at `program` on one thread. */
export function run(program: usize): void {
  for (let op = program; word(op, OPCODE) != END; op = next(op)) runItems(op, 0, 0, word(op, ITEMS));
}

/** Runs items `first` to `last` − 1 of one operation, with the scratch and the images of thread `thread`. */
export function runItems(op: usize, thread: i32, first: i32, last: i32): void {
  if (word(op, OPCODE) != EACH_IMAGE) execute(op, thread, 0, 0, true, first, last);
  else for (let chunk = first; chunk < last; chunk++) eachImage(op, thread, chunk);
}

/**
 * Takes the images of one chunk, one after the other, through the operations of the body. Each buffer of images has one
 * image for each thread, which the thread uses for all its pictures, so that it stays in the thread's cache.
 */
function eachImage(op: usize, thread: i32, chunk: i32): void {
  const images = word(op, EACH_IMAGE_IMAGES);
  const chunks = word(op, EACH_IMAGE_CHUNKS);
  const only = word(op, EACH_IMAGE_ONLY);
  const end = next(op);
  const start = images * chunk / chunks;
  for (let image = start, stop = images * (chunk + 1) / chunks; image < stop; image++) {
    if (only && image != only - 1) continue;
    for (let body = op + RECORD; body < end; body += RECORD) {
      const items = word(body, ITEMS);
      execute(body, thread, image - thread, chunk, image == start, thread * items, (thread + 1) * items);
    }
  }
}
