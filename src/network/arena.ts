/** The memory of a network: buffers one after the other. Layouts, alignment and padding: docs/memory.md. */
import { ARENA_START } from "../wasm/load.ts";

const ALIGNMENT = 64;

/** Places buffers one after the other. Each begins on a cache line of its own. */
export class Arena {
  end = ARENA_START;

  place(bytes: number): number {
    const address = this.end;
    this.end = roundUp(address + bytes, ALIGNMENT);
    return address;
  }

  floats(count: number): number {
    return this.place(4 * count);
  }
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
