/**
 * Builds what the tests run, where it was not built (`npm test` builds first, `npx vitest` does not), a core whose accesses are
 * checked, and the page. The tiles are always written anew, since some tests compile the kernels themselves.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeTiles } from "../../scripts/tiles.js";
import { buildPage } from "../../web/build.js";
import { writeCheckedCore } from "./checked-core.ts";
import { chromium } from "./chromium.js";

export default async function setup(): Promise<void> {
  writeTiles();
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (!["build/wasm/debug.wasm", "build/esm/cli.js"].every((file) => existsSync(`${root}${file}`))) {
    execFileSync(process.execPath, ["scripts/build.js", "--quiet", "--no-types"], {
      cwd: root,
      stdio: "inherit",
    });
  }
  writeCheckedCore();
  if (chromium) await buildPage();
}
