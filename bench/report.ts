/** The machine a run took place on, tables, and the file of results. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import { commitOf } from "./checkout.ts";
import type { Summary } from "./turns.ts";

/** Kinds of vector units that matter here, as /proc/cpuinfo calls them. */
const cpuFeatures = { amx_tile: "AMX", avx512f: "AVX-512", avx2: "AVX2", fma: "FMA", asimd: "NEON" };

function machine() {
  let flags: string[] = [];
  try {
    const [, line] = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))!;
    flags = line!.trim().split(" ");
  } catch {
    // Not Linux: the model has to do.
  }
  return {
    cpu: cpus()[0]!.model.trim().replaceAll(/\s+/g, " "),
    features: Object.entries(cpuFeatures).flatMap(([flag, name]) => (flags.includes(flag) ? [name] : [])),
    virtual: flags.includes("hypervisor"),
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
  };
}

/** Prints and gives machine, versions, commit and command: what figures mean nothing without. */
export function provenance() {
  const run = {
    date: new Date().toISOString(),
    command: ["node", ...process.argv.slice(1)].join(" ").replaceAll(`${process.cwd()}/`, ""),
    commit: commitOf("."),
    node: process.version,
    v8: process.versions.v8,
    machine: machine(),
    /** Processes that wanted to run, on average over the last minute. */
    loadAverage: loadavg()[0],
  };
  const { cpu, features, cores, memoryGigabytes, virtual } = run.machine;
  console.log(
    `${cpu} with ${features.join(", ")}, ${cores} cores${virtual ? " of a virtual machine" : ""}, ${memoryGigabytes} GB; ` +
      `Node ${run.node}, V8 ${run.v8}; commit ${run.commit}; ${run.command}`,
  );
  return run;
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

/** Cells for median, minimum and spread of milliseconds. */
export function timesCells({ median, minimum, spread }: Summary): string[] {
  return [digits(median), digits(minimum), percent(spread)];
}
export const timesHeadings = ["median, ms", "minimum, ms", "spread"];

/** Writes NAME.json to bench/results, which keeps the latest of each machine, or to build/bench what is not for keeping. */
export function writeResults(name: string, results: object, folder = "bench/results"): void {
  const path = `${folder}/${name}.json`;
  mkdirSync(dirname(path), { recursive: true });
  // What holds no other list or object stands on one line.
  const text = JSON.stringify(results, null, 2).replaceAll(/[{[][^{}[\]]*[}\]]/g, (inner) =>
    inner.replaceAll(/\s+/g, " "),
  );
  writeFileSync(path, `${text}\n`);
  console.log(
    `\nWrote ${path}. Times are medians; spread is from the 10th to the 90th percentile, over the median.`,
  );
}

/** node20, node24, …: what a run's results are called unless --name says otherwise. */
export const runtimeName = `node${process.versions.node.split(".")[0]}`;
