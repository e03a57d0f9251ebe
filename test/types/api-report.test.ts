/** The reports in docs/api are those of the declarations, so that a change of the public API shows in review. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

it("the reports of the public API in docs/api are up to date", () => {
  const entries = Object.values(manifest.exports).filter((entry) => typeof entry === "object");
  const reports = readdirSync(`${root}docs/api`).filter((name) => name.endsWith(".api.md"));
  expect(reports.length).toBe(entries.length);
  const { status, stderr } = spawnSync(process.execPath, ["scripts/api-report.js", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}, 180_000);
