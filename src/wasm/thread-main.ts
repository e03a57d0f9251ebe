/**
 * What a worker thread does, in every runtime. It is also turned into text, so it may use nothing from outside
 * itself.
 */

/** What a thread's worker shares with its leader. */
export interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** Where threads meet, which of them this is, and how many there are. */
export interface Place {
  sync: number;
  thread: number;
  threads: number;
}

/** What the runtimes' workers have in common. */
interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/**
 * First message: the module and its memory, answered when there is an instance. Second message: its place; it then
 * follows the leader from program to program (assembly/program/threads.ts) until it is sent home or a thread is lost.
 *
 * It waits in JavaScript, since a wasm function that never returns stays in V8's baseline compiler, which in
 * Node 20 gets such a loop wrong (docs/experiments.md).
 */
export function threadMain(port: Port): void {
  let follow: (sync: number, thread: number, threads: number) => number;
  let words: Int32Array;
  port.onmessage = ({ data }) => {
    const { module, memory } = data as Shared;
    if (module) {
      follow = new WebAssembly.Instance(module, { env: { memory } }).exports.follow as typeof follow;
      words = new Int32Array(memory.buffer);
      port.postMessage("ready");
      return;
    }
    const { sync, thread, threads } = data as Place;
    const begunAt = sync >> 2;
    const programAt = (sync + 256) >> 2;
    const spins = words[(sync + 260) >> 2]!;
    for (let begun = 0; ; begun = (begun + 1) | 0) {
      for (let spin = 0; spin < spins && Atomics.load(words, begunAt) === begun; spin++);
      while (Atomics.load(words, begunAt) === begun) Atomics.wait(words, begunAt, begun);
      if (words[programAt] === 0 || !follow(sync, thread, threads)) return;
    }
  };
}
