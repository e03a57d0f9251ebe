/** The tables of README.md and docs are those of bench/results, and links to functions lead to the lines where they begin. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { withSourceLines } from "../../scripts/source-lines.js";

const cwd = fileURLToPath(new URL("../..", import.meta.url));

it("the tables of README.md and docs are those of bench/results, and the lines of docs/mathematics.md those of the functions", () => {
  const result = spawnSync(process.execPath, ["scripts/tables.js", "--check"], { cwd, encoding: "utf8" });
  expect(result).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^2\d tables\n$/) });
});

it("a link to a function gets the line where it begins; a name that is gone is an error", () => {
  const folder = `${cwd}docs`;
  const lines = readFileSync(`${cwd}assembly/conv/conv3x3.ts`, "utf8").split("\n");
  const begins = lines.findIndex((line) => line.startsWith("export function conv3x3(")) + 1;
  const link = (name: string, line: number) => `[\`${name}\`](../assembly/conv/conv3x3.ts#L${line})`;
  expect(withSourceLines(`see ${link("conv3x3", 1)}.`, folder)).toBe(`see ${link("conv3x3", begins)}.`);
  expect(() => withSourceLines(link("conv", 1), folder)).toThrow("has 0 functions conv.");
});
