/** Other runtimes than this Node, where they are found. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Runtime {
  readonly name: string;
  /** Where it was found; undefined where it was not. */
  readonly path: string | undefined;
  /** What a test of it is called: says so where it is skipped. */
  readonly title: string;
  readonly arguments: readonly string[];
}

/** The program that an environment variable names, or the first of that name in PATH. */
function runtime(name: string, variable: string, program: string, before: readonly string[]): Runtime {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const path =
    process.env[variable] || folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  const title = path ? name : `${name} (skipped: not found; set ${variable} to its path)`;
  return { name, path, title, arguments: before };
}

export const thisNode: Runtime = {
  name: "this Node",
  path: process.execPath,
  title: "this Node",
  arguments: [],
};
const node22 = runtime("Node 22", "NODE22", "node22", []);
export const node24 = runtime("Node 24", "NODE24", "node24", []);
const node26 = runtime("Node 26", "NODE26", "node26", []);
export const deno = runtime("Deno", "DENO", "deno", ["run", "--no-prompt"]);
export const bun = runtime("Bun", "BUN", "bun", ["run"]);
export const runtimes: readonly Runtime[] = [thisNode, node22, node24, node26, deno, bun];

/** The environment that they are started in: nothing is looked up or reported outside. */
export const quietEnvironment = {
  ...process.env,
  NODE_OPTIONS: "",
  DENO_NO_UPDATE_CHECK: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
};
