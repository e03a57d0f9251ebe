/** The peers: modules in bench/peers, with a manifest of their own, that install on demand. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Contestant } from "./contestants.ts";
import { repeat } from "./turns.ts";
import type { Workload } from "./workloads.ts";

type What = "training" | "inference";
/** What a module makes: a contestant with `run`, or with one piece of work at a call, and what comes before a turn. */
type Made = Omit<Contestant, "run"> & { run?: Contestant["run"]; prepare?(): unknown; work?(): unknown };
type Peer = Partial<Record<What, (workload: Workload, options: object) => Promise<Made>>>;

const dense = ["dense training", "dense inference"];
const peers = [
  { module: "tfjs", options: { backend: "wasm" }, does: dense },
  { module: "tfjs", options: { backend: "cpu" }, does: dense },
  { module: "jax", options: {}, does: dense },
  { module: "torch", options: { threads: 1 }, does: [...dense, "conv training", "conv inference"] },
  { module: "torch", options: { threads: 1, fused: true }, does: ["dense training"] },
  { module: "torch", options: { threads: 2 }, does: [...dense, "conv training"] },
  { module: "torch", options: { threads: 2, fused: true }, does: ["dense training"] },
  { module: "onnx", options: {}, does: ["dense inference", "conv inference"] },
];

/** Installs the JavaScript peers where they are missing. @returns whether they are there */
export function installPeers(): boolean {
  if (existsSync("bench/peers/node_modules/.package-lock.json")) return true;
  console.log("Installing the peers into bench/peers …");
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "bench/peers"];
  return spawnSync("npm", args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

/** Loads bench/peers/NAME.js as it is, not bundled, so that it finds its own packages. */
export function loadPeer(name: string) {
  return import(pathToFileURL(`bench/peers/${name}.js`).href);
}

const leftOut = new Set<string>();

/**
 * The peers that can be had here for a workload; for the others a line that says why not.
 * @param only parts of their modules' names, separated by commas; all if left out
 */
export async function peersFor(
  workload: Workload,
  what: What,
  { kind, only }: { kind: "dense" | "conv"; only: string | undefined },
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const { module, options, does } of peers) {
    const asked = only === undefined || only.split(",").some((part) => module.includes(part));
    if (!asked || !does.includes(`${kind} ${what}`)) continue;
    try {
      if (module !== "torch" && !installPeers()) throw new Error("not installed and cannot be fetched");
      const peer: Peer = await loadPeer(module);
      const { prepare, work, ...made } = await peer[what]!(workload, options);
      const run = async (milliseconds: number) => {
        await prepare?.();
        return repeat(work!, milliseconds);
      };
      contestants.push({ run, ...made });
    } catch (error) {
      const reason = `Left out: ${module} ${JSON.stringify(options)}: ${(error as Error).message}`;
      if (!leftOut.has(reason)) console.log(reason);
      leftOut.add(reason);
    }
  }
  return contestants;
}
