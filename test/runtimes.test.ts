/** The same seed gives the same bytes in V8 of two ages, in Deno and in JavaScriptCore (Bun). */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Fingerprint, fingerprint } from "./fingerprint.ts";

interface Runtime {
  readonly name: string;
  /** Where it was found; undefined where it was not. */
  readonly path: string | undefined;
  readonly variable: string;
  readonly arguments: readonly string[];
}

/** The program that an environment variable names, or the first of that name in PATH. */
function find(variable: string, name: string): string | undefined {
  const named = process.env[variable];
  if (named) return named;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

const runtimes: readonly Runtime[] = [
  { name: "this Node", path: process.execPath, variable: "", arguments: [] },
  { name: "Node 24", path: find("NODE24", "node24"), variable: "NODE24", arguments: [] },
  { name: "Deno", path: find("DENO", "deno"), variable: "DENO", arguments: ["run", "--no-prompt"] },
  { name: "Bun", path: find("BUN", "bun"), variable: "BUN", arguments: ["run"] },
];

const folder = fileURLToPath(new URL(".output/runtimes/", import.meta.url));
const script = join(folder, "fingerprint.mjs");

describe("reproducible in every runtime", () => {
  let here: Fingerprint;
  beforeAll(async () => {
    await build({
      stdin: {
        contents:
          'import { fingerprint } from "./fingerprint.ts"; console.log(JSON.stringify(await fingerprint()));',
        resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      },
      outfile: script,
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      logLevel: "warning",
    });
    here = await fingerprint();
  });

  it("here, on one to four threads", () => {
    expect(here.noise).toMatch(/^[0-9a-f]{64}$/);
    expect(here.models).toHaveLength(4);
    expect(new Set(here.models).size).toBe(1);
    expect(new Set(here.noises).size).toBe(5);
  });

  it("here, with an interruption", () => {
    expect(here.epochsLeft).toBeGreaterThan(0);
    expect(here.interrupted[1]).toBe(here.interrupted[0]);
  });

  for (const { name, path, variable, arguments: before } of runtimes) {
    const title = path ? name : `${name} (skipped: not found; set ${variable} to its path)`;
    it.skipIf(!path)(title, async () => {
      const { stdout } = await promisify(execFile)(path!, [...before, script], {
        cwd: folder,
        env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", NODE_OPTIONS: "" },
      });
      const there: Fingerprint = JSON.parse(stdout);
      const results = ({ noise, noises, patches, models, interrupted }: Fingerprint) => ({
        ...{ noise, noises, patches, models, interrupted },
      });
      expect(results(there)).toEqual(results(here));
      expect(there.epochsLeft).toBeGreaterThan(0);
    });
  }
});
