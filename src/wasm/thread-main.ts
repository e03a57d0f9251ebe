/**
 * What a worker thread does, in every runtime. It is also turned into text, so it may use nothing from outside
 * itself.
 */

/** What a thread's worker shares with its leader. */
export interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** Where threads meet, which of them this is, and what of assembly/program/layout.ts it needs; places count words. */
export interface Place {
  sync: number;
  thread: number;
  phase: number;
  sleepers: number;
  home: number;
  turnOver: number;
}

/** What the runtimes' workers have in common. */
interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/**
 * First message: the module and its memory, answered when there is an instance. Second message: its place; it then
 * works on every program that is opened (assembly/program/threads.ts) until it is sent home.
 *
 * It sleeps in JavaScript, since a wasm function that never returns stays in V8's baseline compiler, which in
 * Node 20 gets such a loop wrong (docs/experiments.md).
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
        // The shortest sleep that there is: a thread that sleeps now is not stopped later, in the middle of its items.
        Atomics.wait(words, home, 0, 0.01);
        continue;
      }
      Atomics.add(words, sleepers, 1);
      Atomics.wait(words, phase, seen);
      Atomics.sub(words, sleepers, 1);
    }
  };
}
