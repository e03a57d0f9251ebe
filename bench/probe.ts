/**
 * The loops of peak.ts, compiled, and as a worker the probe of quiet.ts: half a millisecond of work that keeps a core's
 * multipliers and adders busy, for each message.
 */
import { parentPort, workerData } from "node:worker_threads";
import { timeCalls } from "./timing.ts";

/** Rounds of a loop in a call. */
export const ROUNDS = 20_000;
/** Where m lies. */
const FACTOR = 1024;
const CALLS = 12;

/** @returns what gives the call of a loop by its number of chains and its unrolling */
export async function instantiateLoops(wasm: Uint8Array<ArrayBuffer>) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer, FACTOR, 4).fill(0.5);
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory } });
  return (chains: number, unrolled: number) => {
    const loop = instance.exports[`peak_${chains}_${unrolled}`] as (rounds: number, factor: number) => number;
    return () => loop(ROUNDS, FACTOR);
  };
}

/** @returns what runs the probe and says how many milliseconds it took */
export async function createProbe(wasm: Uint8Array<ArrayBuffer>): Promise<() => number> {
  const call = (await instantiateLoops(wasm))(14, 1);
  return () => timeCalls(call, CALLS);
}

if (workerData?.probe) {
  const run = await createProbe(workerData.probe);
  parentPort!.on("message", () => parentPort!.postMessage(run()));
}
