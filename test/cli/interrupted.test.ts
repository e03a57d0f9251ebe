/** What the signals do that ask a command to end. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-signals-"));
  script = join(folder, "script.mjs");
  // It never ends by itself, as a command whose checkpoint goes to a disk that hangs.
  const contents = `import { Interrupts } from "./src/cli/interrupted.ts";
    const interrupts = new Interrupts();
    interrupts.signal.addEventListener("abort", () => console.log(interrupts.reason.code));
    process.on("exit", () => console.log("exit"));
    setInterval(() => {}, 1000);
    console.log("ready");`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  await writeFile(script, outputFiles[0]!.text);
});
afterAll(() => rm(folder, { recursive: true }));

/** Waits until the process has printed a line. */
const printed = (child: ChildProcess) =>
  new Promise<string>((resolve) => child.stdout!.once("data", resolve));
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.runIf(process.platform !== "win32")("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)(
    "%s asks for an end with %i, its echo for nothing, and a second one ends at once",
    async (name, code) => {
      const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
      const end = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
      await printed(child);
      const told = printed(child);
      child.kill(name);
      child.kill(name);
      expect(String(await told)).toBe(`${code}\n`);
      // Longer than a signal's echo takes: it has come, and has done nothing.
      await wait(700);
      expect(child.exitCode).toBe(null);
      child.kill("SIGINT");
      expect(await end).toEqual([130, null]);
    },
  );
});
