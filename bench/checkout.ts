/** What the benchmarks run of this package: of this checkout, and of another one that they compare it with. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import esbuild from "esbuild";
import { Network } from "../src/network/network.ts";
import { StepProfile } from "../src/network/profile.ts";
import { batchSource } from "../src/training/batches.ts";
import { Optimizer } from "../src/training/optimizer.ts";
import { networkFor } from "../src/training/training-state.ts";

const parts = { Network, StepProfile, batchSource, Optimizer, networkFor };
/** The files that those are in, wherever under `src` a checkout has them. */
const files = ["network", "profile", "batches", "optimizer", "training-state"];

/** What is taken of the built package. */
type Built = Pick<typeof import("../src/index.ts"), "createDenoiser">;

export type Checkout = typeof parts & Built & { readonly name: string };

const builtIn = (folder: string): Promise<Built> =>
  import(pathToFileURL(resolve(folder, "build/esm/index.js")).href);

export const ours: Checkout = { name: "denoise-wasm", ...parts, ...(await builtIn(".")) };

/** Bundles another checkout, which has to be built. It is called by its commit. */
export async function checkoutAt(folder: string): Promise<Checkout> {
  const source = resolve(folder, "src");
  const all = readdirSync(source, { recursive: true, encoding: "utf8" });
  const exports = files.map((name) => {
    const file = all.find((path) => basename(path) === `${name}.ts`);
    if (!file) throw new Error(`${source} has no ${name}.ts.`);
    return `export * from ${JSON.stringify(`./${file}`)};`;
  });
  const name = commitOf(folder);
  const outfile = resolve(`build/bench/against-${name}.js`);
  await esbuild.build({
    stdin: { contents: exports.join("\n"), resolveDir: source },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    packages: "external",
    logLevel: "warning",
  });
  return { name, ...(await import(pathToFileURL(outfile).href)), ...(await builtIn(folder)) };
}

/** The commit of a checkout, and whether its code differs from it. */
export function commitOf(folder: string): string {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "assembly", "src", "bench");
    return git("rev-parse", "--short=10", "HEAD") + (changed ? " with changes" : "");
  } catch {
    return basename(resolve(folder));
  }
}
