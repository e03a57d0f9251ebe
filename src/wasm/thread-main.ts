/**
 * The code of a worker thread in every runtime. The function `threadMain` is also turned into text, so it may not use
 * anything from outside itself.
 */

/** What a worker shares with its leader. */
export interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/**
 * A worker's place among the threads: `sync`, the address of the block by which they synchronise; `thread`, the number of
 * this one; and those values of assembly/program/layout.ts that it needs, with words of the memory given by their index.
 */
export interface Place {
  sync: number;
  thread: number;
  phase: number;
  sleepers: number;
  home: number;
  turnOver: number;
}

/** What the workers' ports have in common in all runtimes. */
interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/**
 * The first message to the worker is the module and its memory; it answers once it has an instance. The second message is
 * its place: from then on it works on every program that is opened (assembly/program/threads.ts) until it is sent home.
 *
 * It sleeps in JavaScript, since a wasm function that never returns stays in V8's baseline compiler, and that of Node 20
 * gets such a loop wrong (docs/experiments.md).
 */
export function threadMain(port: Port): void {
  let work: (sync: number, thread: number) => number;
  let words: Int32Array;
  port.onmessage = ({ data }) => {
    const { module, memory } = data as Shared;
    if (module) {
      work = new WebAssembly.Instance(module, { env: { memory } }).exports.work as typeof work;
      words = new Int32Array(memory.buffer);
      port.postMessage("ready");
      return;
    }
    const { sync, thread, phase, sleepers, home, turnOver } = data as Place;
    while (Atomics.load(words, home) === 0) {
      const seen = Atomics.load(words, phase);
      if (work(sync, thread) === turnOver) {
        // This is the shortest sleep that there is. A thread that sleeps now is less likely to be stopped by the system
        // later, in the middle of its items.
        Atomics.wait(words, home, 0, 0.01);
        continue;
      }
      Atomics.add(words, sleepers, 1);
      Atomics.wait(words, phase, seen);
      Atomics.sub(words, sleepers, 1);
    }
  };
}
