/**
 * What a worker thread does, in every runtime. It is also turned into text, so it may use nothing from outside
 * itself.
 */

/** What a thread's worker shares with its leader. */
export interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** Where threads meet and which of them this is, with places in the block where they meet, in words of the memory. */
export interface Place {
  sync: number;
  thread: number;
  phase: number;
  sleepers: number;
  home: number;
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
    const { sync, thread, phase, sleepers, home } = data as Place;
    while (Atomics.load(words, home) === 0) {
      const seen = Atomics.load(words, phase);
      work(sync, thread);
      Atomics.add(words, sleepers, 1);
      Atomics.wait(words, phase, seen);
      Atomics.sub(words, sleepers, 1);
    }
  };
}
