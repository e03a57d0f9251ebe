/**
 * The arena with a guard zone behind each buffer, in place of src/network/arena.ts in the tests' project "guarded"
 * (vitest.config.ts): what a kernel writes past a buffer is found after the test, and what it reads there is no number, so
 * that it shows in every result that it reaches. `watch` fills the zones.
 */
import { vi } from "vitest";
import type * as Actual from "../../src/network/arena.ts";

const { Arena: Plain, roundUp } = await vi.importActual<typeof Actual>("../../src/network/arena.ts");

export { roundUp };

/** Bytes of a zone. A kernel that is wrong by a row of eight panels lands in it. */
const GUARD = 1024;
/** A float32 that is no number, and of which no step of a calculation makes the like. */
const POISON = 0x7fc0_dead;

/** Where the guard zones of arenas begin, by the address where their buffers end; those of the newest arena of that size. */
const arenas = new Map<number, number[]>();

export class Arena extends Plain {
  #zones: number[] = [];

  override place(bytes: number): number {
    const address = super.place(bytes);
    // The zone before the first buffer is the core's own data.
    this.#zones.push(this.end);
    super.place(GUARD);
    arenas.set(this.end, [...this.#zones]);
    return address;
  }
}

interface Watched {
  readonly memory: WebAssembly.Memory;
  readonly zones: readonly number[];
}
let watched: Watched[] = [];

/** Fills the zones of a memory whose buffers end at an address. @returns how many there are */
export function watch(memory: WebAssembly.Memory, end: number): number {
  const zones = arenas.get(end) ?? [];
  for (const at of zones) new Uint32Array(memory.buffer, at, GUARD / 4).fill(POISON);
  watched.push({ memory, zones });
  return zones.length;
}

/** Checks all zones, and forgets them. @returns the addresses, in bytes, that were written to though they belong to nobody */
export function trespasses(): number[] {
  const found = watched.flatMap(({ memory, zones }) =>
    zones.flatMap((at) => {
      const words = new Uint32Array(memory.buffer, at, GUARD / 4);
      const wrong = words.findIndex((word) => word !== POISON);
      return wrong < 0 ? [] : [at + 4 * wrong];
    }),
  );
  watched = [];
  return found;
}
