/** The machine a run took place on, tables, and the file of results. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import type { Times } from "./timing.ts";

/** Kinds of vector units that matter here, as /proc/cpuinfo calls them. */
const cpuFeatures = { amx_tile: "AMX", avx512f: "AVX-512", avx2: "AVX2", fma: "FMA", asimd: "NEON" };

export function machine() {
  let flags: string[] = [];
  try {
    flags = /^(?:flags|Features)\s*:(.*)$/m
      .exec(readFileSync("/proc/cpuinfo", "utf8"))![1]!
      .trim()
      .split(" ");
  } catch {
    // Not Linux: the model has to do.
  }
  const [{ model, speed }, ...others] = cpus() as [ReturnType<typeof cpus>[number]];
  return {
    cpu: model.trim().replaceAll(/\s+/g, " "),
    features: Object.entries(cpuFeatures).flatMap(([flag, name]) => (flags.includes(flag) ? [name] : [])),
    virtual: flags.includes("hypervisor"),
    megahertz: speed,
    cores: others.length + 1,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
  };
}

/** Machine, versions, commit and command: what figures mean nothing without. */
export function provenance() {
  return {
    date: new Date().toISOString(),
    command: ["node", ...process.argv.slice(1)].join(" ").replaceAll(`${process.cwd()}/`, ""),
    commit: commit(),
    node: process.version,
    v8: process.versions.v8,
    machine: machine(),
    /** Processes that wanted to run, on average over the last minute. */
    loadAverage: loadavg()[0],
  };
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "assembly", "src", "bench");
    return git("rev-parse", "--short=10", "HEAD") + (changed ? " with changes" : "");
  } catch {
    return "unknown";
  }
}

export function printProvenance({ command, commit, node, v8, machine }: ReturnType<typeof provenance>): void {
  const { cpu, features, cores, memoryGigabytes, virtual } = machine;
  const cpuLine = `${cpu} with ${features.join(", ")}, ${cores} cores${virtual ? " of a virtual machine" : ""}`;
  console.log(`${cpuLine}, ${memoryGigabytes} GB; Node ${node}, V8 ${v8}; commit ${commit}; ${command}`);
}

/** Prints a Markdown table: text to the left, the other columns to the right. */
export function printTable(
  title: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const width = (column: number) => Math.max(...[headings, ...rows].map((row) => row[column]!.length), 3);
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(width(i)) : cell.padStart(width(i)))).join(" | ")} |`;
  const rule = headings.map((_, i) => (i === 0 ? "-".repeat(width(i)) : `${"-".repeat(width(i) - 1)}:`));
  console.log(`\n${title}\n\n${[headings, rule, ...rows].map(line).join("\n")}`);
}

/** A number with three digits or so. */
export function digits(value: number): string {
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1e-9)))));
}

export function percent(fraction: number, decimals = 0): string {
  return `${(100 * fraction).toFixed(decimals)} %`;
}

/** Cells for median, minimum and spread. */
export function timesCells({ median, minimum, spread }: Times): string[] {
  return [digits(median), digits(minimum), percent(spread)];
}
export const timesHeadings = ["median, ms", "minimum, ms", "spread"];

/** Writes bench/results/NAME.json. */
export function writeResults(name: string, results: object): void {
  const path = `bench/results/${name}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  console.log(
    `\nWrote ${path}. Times are medians; spread is from the 10th to the 90th percentile, over the median.`,
  );
}

/** node20, node24, …: what a run's results are called unless --name says otherwise. */
export function runtimeName(): string {
  return `node${process.versions.node.split(".")[0]}`;
}
