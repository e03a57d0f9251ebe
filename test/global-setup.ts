/** Builds what the tests run, where it was not built: `npm test` builds first, `npx vitest` does not. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export default function setup(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  if (["build/wasm/debug.wasm", "build/esm/cli.js"].every((file) => existsSync(`${root}${file}`))) return;
  execFileSync(process.execPath, ["scripts/build.js", "--quiet", "--no-types"], {
    cwd: root,
    stdio: "inherit",
  });
}
