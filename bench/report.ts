/** What a run leaves: the machine that it took place on, its tables, printed and kept, and the file of results. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { commitOf } from "./checkout.ts";

/** Cells by their headings, the first of which is `name`. */
export type Row = Readonly<Record<string, string | number | undefined>>;

const tables: { readonly what: string; readonly rows: readonly Row[] }[] = [];

/** Prints and gives what figures mean nothing without. */
export function provenance() {
  const { model } = cpus()[0]!;
  const cpuinfo = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  /** Vector units that matter here, and what says that it is a virtual machine. */
  const features = new Set(cpuinfo.match(/\b(amx_tile|avx512f|avx2|fma|asimd|hypervisor)\b/g));
  const run = {
    date: new Date().toISOString(),
    command: ["node", ...process.argv.slice(1)].join(" ").replaceAll(`${process.cwd()}/`, ""),
    commit: commitOf("."),
    node: `${process.version}, V8 ${process.versions.v8}, ${process.platform}-${process.arch}`,
    machine: `${model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`,
    features: [...features].join(", "),
    /** Processes that wanted to run, on average over the last minute. */
    loadAverage: loadavg()[0],
  };
  console.log(run);
  return run;
}

/** A number with three digits or so; a part of a whole in percent. */
function cell(heading: string, value: Row[string]): string {
  if (typeof value !== "number") return value ?? "";
  if (/^(spread|share|of peak|±)$/.test(heading)) return `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9)))));
}

/** Prints rows as a table in Markdown, text to the left and numbers to the right, and keeps them for the results. */
export function addTable(what: string, rows: readonly Row[]): void {
  tables.push({ what, rows });
  const headings = Object.keys(rows[0]!);
  const cells = [headings, ...rows.map((row) => headings.map((heading) => cell(heading, row[heading])))];
  cells[0] = headings.map((heading) => (heading === "name" ? "" : heading));
  const widths = headings.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const pad = (text: string, column: number) =>
    column ? text.padStart(widths[column]!) : text.padEnd(widths[0]!);
  const rule = widths.map((width, column) => (column ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  const lines = [cells[0], rule, ...cells.slice(1)].map((row) => `| ${row.map(pad).join(" | ")} |`);
  console.log(`\n${what}\n\n${lines.join("\n")}`);
}

/** Writes all tables to FOLDER/NAME.json. bench/results keeps the latest of each machine. */
export function writeResults(name: string, run: object, folder = "bench/results"): void {
  mkdirSync(folder, { recursive: true });
  // What holds no other list or object stands on one line.
  const text = JSON.stringify({ ...run, tables }, null, 2).replaceAll(/[{[][^{}[\]]*[}\]]/g, (inner) =>
    inner.replaceAll(/\s+/g, " "),
  );
  writeFileSync(`${folder}/${name}.json`, `${text}\n`);
  console.log(`\nWrote ${folder}/${name}.json.`);
}
