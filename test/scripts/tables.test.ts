/** The tables of README.md and docs are those of bench/results. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the tables of README.md and docs are those of bench/results", () => {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const result = spawnSync(process.execPath, ["scripts/tables.js", "--check"], { cwd, encoding: "utf8" });
  expect(result).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^1\d tables\n$/) });
});
