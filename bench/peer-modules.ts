/** The peers: modules in bench/peers, with a manifest of their own, that install on demand. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Inference, Training } from "./contestants.ts";
import type { ConvWorkload } from "./conv-workload.ts";
import type { Workload } from "./workload.ts";

/** What a module in bench/peers exports. */
export interface Peer {
  training?(workload: Workload, options?: object): Promise<Training>;
  inference?(workload: Workload, pictures: number, options?: object): Promise<Inference>;
  convTraining?(workload: ConvWorkload, options?: object): Promise<Training>;
  /** On all pictures of the workload at once. */
  convInference?(workload: ConvWorkload, options?: object): Promise<Inference>;
}

/** A peer's module, and the options that it is run with. */
export interface PeerChoice {
  readonly module: string;
  readonly options: object;
}

/** Installs the JavaScript peers where they are missing. @returns whether they are there */
export function installPeers(): boolean {
  if (existsSync("bench/peers/node_modules/.package-lock.json")) return true;
  console.log("Installing the peers into bench/peers …");
  const { status } = spawnSync(
    "npm",
    ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "bench/peers"],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return status === 0;
}

/** Loads bench/peers/NAME.js as it is, not bundled, so that it finds its own packages. */
export async function loadPeer(name: string): Promise<Peer> {
  return import(pathToFileURL(`bench/peers/${name}.js`).href);
}

const leftOut = new Set<string>();

/** Contestants of the peers that can be had here; for the others a line that says why not. */
export async function available<Choice extends PeerChoice, Contestant>(
  choices: readonly Choice[],
  make: (peer: Peer, choice: Choice) => Promise<Contestant> | undefined,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const choice of choices) {
    const { module, options } = choice;
    try {
      if (module !== "torch" && !installPeers()) throw new Error("not installed and cannot be fetched");
      const contestant = await make(await loadPeer(module), choice);
      if (contestant) contestants.push(contestant);
    } catch (error) {
      const reason = `Left out: ${module} ${JSON.stringify(options)}: ${(error as Error).message}`;
      if (!leftOut.has(reason)) console.log(reason);
      leftOut.add(reason);
    }
  }
  return contestants;
}

/** The choices whose modules have one of the given parts in their names, separated by commas; all if left out. */
export function chosen<Choice extends PeerChoice>(
  choices: readonly Choice[],
  only: string | undefined,
): Choice[] {
  const wanted = only?.split(",");
  return choices.filter(({ module }) => !wanted || wanted.some((name) => module.includes(name)));
}
