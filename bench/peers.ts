/** The peers: modules in bench/peers, with a manifest of their own, that install on demand. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Contestant } from "./contestants.ts";
import { repeat } from "./turns.ts";
import { settings, type Workload } from "./workloads.ts";

/** What a module makes: a contestant with `run`, or with one piece of work at a call, and what comes before a turn. */
type Made = Omit<Contestant, "run"> & { run?: Contestant["run"]; prepare?(): unknown; work?(): unknown };

const dense = ["dense training", "dense inference"];
const photo = ["photo training", "photo inference"];
const peers = [
  { module: "tfjs", options: { backend: "wasm" }, does: dense },
  { module: "tfjs", options: { backend: "cpu" }, does: dense },
  { module: "jax", options: {}, does: dense },
  { module: "torch", options: { threads: 1 }, does: [...dense, "conv training", "conv inference", ...photo] },
  { module: "torch", options: { threads: 1, fused: true }, does: ["dense training"] },
  { module: "torch", options: { threads: 2 }, does: [...dense, "conv training", ...photo] },
  { module: "torch", options: { threads: 2, fused: true }, does: ["dense training"] },
  { module: "onnx", options: {}, does: ["dense inference", "conv inference", "photo inference"] },
];

/**
 * The peers that can be had here for a workload; for the others a line that says why not.
 * @param only parts of their modules' names, separated by commas; all if left out
 */
export async function peersFor(
  workload: Workload,
  what: "training" | "inference",
  kind: keyof typeof settings,
  only: string | undefined,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const { module, options, does } of peers) {
    const asked = only === undefined || only.split(",").some((part) => module.includes(part));
    if (!asked || !does.includes(`${settings[kind].shared ? "photo" : kind} ${what}`)) continue;
    try {
      if (module !== "torch" && !existsSync("bench/peers/node_modules/.package-lock.json")) {
        console.log("Installing the peers into bench/peers …");
        execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "bench/peers"]);
      }
      // As it is, not bundled, so that it finds its own packages.
      const peer = await import(pathToFileURL(`bench/peers/${module}.js`).href);
      const { prepare, work, ...made }: Made = await peer[what](workload, options);
      const run = async (milliseconds: number) => {
        await prepare?.();
        return repeat(work!, milliseconds);
      };
      contestants.push({ run, ...made });
    } catch (error) {
      console.log(`Left out: ${module} ${JSON.stringify(options)}: ${(error as Error).message}`);
    }
  }
  return contestants;
}
