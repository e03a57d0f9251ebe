/**
 * Walks a program: a table of operations in memory (layout.ts). One call is one training step or one forward pass. What an
 * operation's words mean, and which kernel it calls, is declared in operations.ts; the build makes `execute` from that.
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

/** Runs items `first` to `last` of one operation as thread `thread`, which has scratch and images of its own. */
export function runItems(op: usize, thread: i32, first: i32, last: i32): void {
  if (word(op, OPCODE) != EACH_IMAGE) execute(op, thread, 0, 0, true, first, last);
  else for (let chunk = first; chunk < last; chunk++) eachImage(op, thread, chunk);
}

/**
 * The images of one chunk, one after the other, through the operations that follow. A thread has one slot in each of their
 * buffers of images, so that these stay in its cache.
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
