/** The tree holds what docs/architecture.md says of it: imports point one way, and only some files know Node. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Folders of `src` in the order of the stages: each imports from itself and from those before it. */
const stages = [
  "wasm",
  "pictures",
  "data",
  "noise",
  "network",
  "model",
  "training",
  "denoiser",
  "learning",
  "quality",
  "report",
  "cli",
];
/** Files of `src` itself: those that every stage may use. The others are the public entries. */
const shared = ["src/errors.ts", "src/version.ts"];

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"));

const textOf = (file: string) => readFileSync(join(root, file), "utf8");

/** What a file imports or exports from, types too: files of this repository by their paths, others by their names. */
function importsOf(file: string): string[] {
  const statements = textOf(file).matchAll(/^(?:import|export)\b[^;"]*"([^"]+)"/gm);
  return [...statements].map(([, to]) =>
    to!.startsWith(".") ? posix.join(posix.dirname(file), to!.replace(/(?<!\.[a-z]+)$/, ".ts")) : to!,
  );
}

/** How far down the list of stages a file stands. The command line may use the package's entries, nothing else may. */
function rankOf(file: string): number {
  if (shared.includes(file)) return -1;
  const rank = stages.indexOf(file.split("/")[1]!);
  return rank >= 0 ? rank : stages.indexOf("cli") - 0.5;
}

/** The first circle of imports among files, as a path; undefined where there is none. */
function circleIn(files: readonly string[], importsOf: (file: string) => string[]): string | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: string[]): string | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(" → ");
    if (done.has(file)) return undefined;
    for (const to of importsOf(file)) {
      const circle = files.includes(to) ? visit(to, [...way, file]) : undefined;
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

describe("the tree", () => {
  const sources = filesOf("src");
  const kernels = [...filesOf("assembly"), ...filesOf("build/assembly")];

  test("was found", () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(kernels.length).toBeGreaterThan(20);
    expect(
      new Set(sources.map((file) => file.split("/")[1]!).filter((name) => !name.endsWith(".ts"))),
    ).toEqual(new Set(stages));
  });

  test("imports in src point to the stages before", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((to) => to.startsWith("src/") && rankOf(to) > rankOf(file))
        .map((to) => `${file} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test("imports in src lead to src, to declarations of the core, to what is built, and nowhere else", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((to) => /^(bench|test|web|scripts|examples|docs)\//.test(to))
        .map((to) => `${file} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test("no imports run in a circle", () => {
    expect(circleIn(["a", "b"], (file) => (file === "a" ? ["b"] : ["a"]))).toBe("a → b → a");
    expect(circleIn(sources, importsOf)).toBeUndefined();
    expect(circleIn(kernels, importsOf)).toBeUndefined();
  });

  test("only *.node.ts, the entry for Node and the command line import Node's modules", () => {
    const wrong = sources.filter(
      (file) =>
        importsOf(file).some((to) => to.startsWith("node:")) &&
        !/^src\/(cli\/.*|node|.*\.node)\.ts$/.test(file),
    );
    expect(wrong).toEqual([]);
  });

  test("only the command line loads what writes ONNX files, and only when it is asked to", () => {
    const outside = sources.filter((file) => !file.startsWith("src/model/onnx/"));
    const wrong = outside.filter((file) =>
      importsOf(file).some((to) => to.startsWith("src/model/onnx/") || to.startsWith("@bufbuild/")),
    );
    expect(wrong).toEqual([]);
    const loading = outside.filter((file) => textOf(file).includes("/onnx/"));
    expect(loading).toEqual(["src/cli/export.ts"]);
  });

  test("nothing that the main entry reaches is of training", () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file) || !sources.includes(file)) return;
      reached.add(file);
      const values = textOf(file).replace(/^(import|export) type\b[^;]*;/gm, "");
      for (const [, to] of values.matchAll(/^(?:import|export)\b[^;"]*"(\.[^"]+)"/gm)) {
        visit(posix.join(posix.dirname(file), to!));
      }
    };
    visit("src/index.ts");
    expect(reached).toContain("src/denoiser/create.ts");
    // The limits are numbers only, and hold for all readers of models.
    const others = [...reached].filter((file) => /^src\/(training|data|network|report|cli)\//.test(file));
    expect(others).toEqual(["src/network/limits.ts"]);
  });
});
