/** Verdicts on picture files beside those of libvips: one by one, and counted. */
import { basename, join, sep } from "node:path";
import { decodePicture } from "../../src/pictures/decode-picture.ts";

/** How a verdict compares with libvips's. "within": by at most a level on average. "faulty": libvips reads it with warnings. */
type Kind = "equal" | "within" | "different" | "refused by both" | "faulty" | "refused" | "not libvips";

export interface JudgedFile {
  readonly path: string;
  /** By each runtime. */
  readonly verdicts: readonly string[];
  readonly kind: Kind;
  /** Where libvips read it too: the mean difference of the values in levels, that is, 255ths of white. */
  readonly difference?: number;
}

const isRefused = (verdict: string): boolean => verdict.includes(": ");

/** Compares a verdict with libvips's; where the pixels are not the same, they are decoded again to find how far off they are. */
export async function besideLibvips(
  file: Uint8Array,
  verdict: string,
): Promise<Pick<JudgedFile, "kind" | "difference">> {
  const { libvipsPicture, libvipsVerdict } = await import("../fixtures/pictures/libvips.js");
  const libvips = await libvipsVerdict(file, "none");
  if (isRefused(verdict)) {
    if (isRefused(libvips)) return { kind: "refused by both" };
    return { kind: isRefused(await libvipsVerdict(file, "warning")) ? "faulty" : "refused" };
  }
  if (isRefused(libvips)) return { kind: "not libvips" };
  if (verdict === libvips) return { kind: "equal", difference: 0 };
  const [own, other] = [await decodePicture(file, "The file"), await libvipsPicture(file)];
  const isSameSize = own.data.length === other.data.length && own.width === other.width;
  const white = own.data instanceof Uint16Array ? 65_535 : 255;
  let sum = 0;
  for (let i = 0; i < own.data.length; i++) sum += Math.abs(own.data[i]! - other.data[i]!);
  const difference = isSameSize ? ((sum / own.data.length) * 255) / white : Infinity;
  return { kind: difference < 1 ? "within" : "different", difference };
}

/** A line for each file: its path, how it compares, the mean difference, and the verdict of each runtime. */
export function verdictLines(files: readonly JudgedFile[], runtimes: readonly string[]): string {
  const lines = files.map(({ path, kind, difference, verdicts: [first, ...others] }) => [
    path,
    kind,
    difference?.toFixed(3) ?? "",
    first,
    ...others.map((verdict) => (verdict === first ? "same" : verdict)),
  ]);
  const all = [["file", "beside libvips", "difference", ...runtimes], ...lines];
  return all.map((line) => `${line.join("\t")}\n`).join("");
}

const columns: [title: string, kinds: readonly Kind[]][] = [
  ["equal", ["equal"]],
  ["within a level", ["within"]],
  ["different", ["different"]],
  ["refused by both", ["refused by both"]],
  ["refused, faulty", ["faulty"]],
  ["refused, sound", ["refused"]],
  ["read here only", ["not libvips"]],
];

/** Markdown: a line for each folder, and why files were refused that libvips reads. */
export function verdictTable(files: readonly JudgedFile[], folders: readonly string[]): string {
  const rows = folders.map((folder) => {
    const own = files.filter(({ path }) => path.startsWith(join(folder, sep)));
    const counts = columns.map(([, kinds]) => own.filter(({ kind }) => kinds.includes(kind)).length);
    const isSame = own.every(({ verdicts }) => new Set(verdicts).size === 1);
    return [basename(folder), own.length, ...counts, isSame ? "yes" : "no"];
  });
  const head = ["collection", "files", ...columns.map(([title]) => title), "same in every runtime"];
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  const table = [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");
  const reasons = new Map<string, number>();
  for (const { kind, verdicts } of files) {
    if (kind !== "faulty" && kind !== "refused") continue;
    const reason = `${kind}: ${verdicts[0]!.replace(/^.*?: The file /, "").replace(/\d+/g, "N")}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const counted = [...reasons]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `- ${count} ${reason}\n`);
  return `${table}\n${counted.join("")}`;
}
