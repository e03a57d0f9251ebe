/**
 * Waiting for a quiet machine. What else its cores do, be it for another virtual machine on a core's second hardware
 * thread, slows a loop that keeps all units of a core busy by a half, and no figure of the system's shows it. So a loop
 * that does runs on all cores at once, and what it takes is compared with the least that it ever took. As a worker this
 * file is that loop.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { compileLoops, createProbe } from "./peak.ts";

/** A probe that takes longer than this many times its least says that the machine is busy. */
const BUSY = 1.1;
/** How long a turn may be put off, and all of a process's, in milliseconds. */
const MOST_AT_ONCE = 2000;
const MOST_TOGETHER = 60_000;
const FIRST_PROBES = 300;

/** Milliseconds that the probe took at least, and that turns were put off, in this process. */
let least = Number.POSITIVE_INFINITY;
let spent = 0;

export async function quietMachine() {
  const wasm = await compileLoops("simd");
  const probe = await createProbe(wasm);
  const file = fileURLToPath(new URL("./quiet.js", import.meta.url));
  const others = Array.from(
    { length: availableParallelism() - 1 },
    () => new Worker(file, { workerData: { probe: wasm } }),
  );
  for (const other of others) other.unref();
  const isQuiet = async () => {
    const replies = others.map(
      (other) => new Promise<number>((resolve) => other.once("message", resolve).postMessage(undefined)),
    );
    const times = [probe(), ...(await Promise.all(replies))];
    least = Math.min(least, ...times);
    return Math.max(...times) < BUSY * least;
  };
  for (let i = 0; i < FIRST_PROBES; i++) await isQuiet();
  let turns = 0;
  let busy = 0;
  return {
    /** Does `turn` when the machine is quiet, and again where it is no longer so at the end, but not for ever. */
    async during<T>(turn: () => Promise<T>): Promise<T> {
      turns++;
      const start = performance.now();
      const most = Math.min(MOST_AT_ONCE, MOST_TOGETHER - spent);
      for (;;) {
        while (!(await isQuiet()) && performance.now() - start < most) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const begun = performance.now();
        const result = await turn();
        const quiet = await isQuiet();
        if (!quiet && performance.now() - start < most) continue;
        if (!quiet) busy++;
        spent += begun - start;
        return result;
      }
    },
    /** Says how many turns had no quiet machine, if any. */
    dispose(): void {
      for (const other of others) void other.terminate();
      if (busy > 0) console.log(`\n${busy} of ${turns} turns had no quiet machine.`);
    },
  };
}

if (workerData?.probe) {
  const probe = await createProbe(workerData.probe);
  parentPort!.on("message", () => parentPort!.postMessage(probe()));
}
