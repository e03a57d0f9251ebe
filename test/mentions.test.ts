/** What comments and pages say of files is true at least in that the files exist. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = [
  ".ci",
  "assembly",
  "bench",
  "data",
  "docs",
  "examples",
  "models",
  "scripts",
  "src",
  "test",
  "web",
];

/** Every file of the repository's folders and those beside them, but what is installed or written by builds and tests. */
const files = [
  ...readdirSync(root).filter((name) => statSync(join(root, name)).isFile()),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      .filter((path) => !/node_modules|\.output|\/(dist|\.next|\.wrangler)\//.test(path)),
  ),
];
const names = new Set(files.map((file) => basename(file)));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

/** The comments of a source file, so far as a search for their beginnings finds them. */
function commentsOf(file: string): string {
  const found = file.endsWith(".py")
    ? textOf(file).matchAll(/#.*|"""[\s\S]*?"""/g)
    : textOf(file).matchAll(/\/\*\*?[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g);
  return [...found].map(([comment]) => comment).join("\n");
}

/** Files that a text names: by a path from the root of the repository, or by their name alone. */
function mentionsIn(text: string): string[] {
  const paths = new RegExp(
    String.raw`(?<![\w./@-])(?:${folders.join("|").replace(".", "\\.")})/[\w./-]*\.(?:ts|js|py|json|md)\b`,
    "g",
  );
  const bare = /(?<![\w./@*-])[a-z][\w-]+(?:\.node|\.workerd|\.edge-light)?\.(?:ts|py)\b/g;
  // NAME in capitals stands for any name.
  return [...text.matchAll(paths), ...text.matchAll(bare)]
    .map(([mention]) => mention)
    .filter((mention) => !/[A-Z]{3,}\.\w+$/.test(mention));
}

const exists = (mention: string) =>
  mention.includes("/") ? existsSync(join(root, mention)) : names.has(mention);

describe("files that are named", () => {
  test("are found where they are named in comments", () => {
    const sources = files.filter((file) => /\.(ts|js|py)$/.test(file));
    const mentions = sources.flatMap((file) =>
      mentionsIn(commentsOf(file)).map((mention) => ({ file, mention })),
    );
    expect(mentions.length).toBeGreaterThan(100);
    expect(mentions.filter(({ mention }) => !exists(mention))).toEqual([]);
  });

  test("are found where pages name them or link to them", () => {
    const pages = files.filter((file) => file.endsWith(".md"));
    const links = pages.flatMap((file) =>
      [...textOf(file).matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
        .map(([, link]) => link!)
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => ({ file, link: normalize(join(dirname(file), link)) })),
    );
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter(({ link }) => !existsSync(join(root, link)))).toEqual([]);
    const mentions = pages
      .filter((file) => file !== "CHANGELOG.md")
      .flatMap((file) => mentionsIn(textOf(file)).map((mention) => ({ file, mention })));
    expect(mentions.filter(({ mention }) => !exists(mention))).toEqual([]);
  });
});

test("the reports of the models name folders, and no places on the machine that trained them", () => {
  const reports = files.filter((file) => /^models\/.*\.json$/.test(file));
  expect(reports.length).toBeGreaterThan(4);
  for (const file of reports) {
    // Debian's package has its files there on every machine.
    const source = JSON.parse(textOf(file)).data.source.replace("/usr/share/datasets/fashion-mnist", "");
    expect(source, file).not.toMatch(/[/\\]/);
  }
});
