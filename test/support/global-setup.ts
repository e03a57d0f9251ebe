/** Builds what the tests run, where it was not built (`npm test` builds first, `npx vitest` does not), and the page. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildPage } from "../../web/build.js";
import { chromium } from "./chromium.js";

export default async function setup(): Promise<void> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (!["build/wasm/debug.wasm", "build/esm/cli.js"].every((file) => existsSync(`${root}${file}`))) {
    execFileSync(process.execPath, ["scripts/build.js", "--quiet", "--no-types"], {
      cwd: root,
      stdio: "inherit",
    });
  }
  if (chromium) await buildPage();
}
