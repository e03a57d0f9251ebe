/** What npm packs: the files are listed in test/fixtures/package-files.txt, so that a review shows what comes and goes. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** In bytes, but for the weights of photo-large. More than a third of it are the other weights. */
const most = 500_000;

describe("the npm package", () => {
  let packed: Packed;
  beforeAll(() => {
    const output = execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    [packed] = JSON.parse(output) as [Packed];
  });

  it("holds these files", async () => {
    // Parts of the bundles that entries share have names that follow from what they hold.
    const names = packed.files.map(({ path }) => path.replace(/-[A-Z0-9]{8}\.js$/, "-*.js"));
    const list = [...new Set(names)].sort().join("\n");
    await expect(`${list}\n`).toMatchFileSnapshot("fixtures/package-files.txt");
  });

  it("holds nothing of the repository but these folders", () => {
    const foreign = packed.files.filter(
      ({ path }) =>
        !/^(bin|build\/(esm|types))\/|^(README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(path),
    );
    expect(foreign).toEqual([]);
  });

  it("is not larger than it has to be", () => {
    // gzip looks 32 kB back, so that this file takes as much room among the others as alone.
    const large = readFileSync(new URL("../build/esm/weights-photo-large.js", import.meta.url));
    expect(packed.size - gzipSync(large).length).toBeLessThan(most);
  });
});

it("CITATION.cff names the version and the licence of the package", () => {
  const citation = readFileSync(new URL("../CITATION.cff", import.meta.url), "utf8");
  expect(citation).toContain(`\nversion: ${manifest.version}\n`);
  expect(citation).toContain(`\nlicense: ${manifest.license}\n`);
});
