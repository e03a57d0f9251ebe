/** The same seed gives the same bytes in V8 of three ages, in Deno, in JavaScriptCore (Bun) and in SpiderMonkey (Firefox). */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Fingerprint, fingerprint } from "../support/fingerprint.ts";
import { FirefoxPage, firefox } from "../support/firefox.ts";
import { quietEnvironment, runtimes } from "../support/runtimes.ts";

const folder = fileURLToPath(new URL("../.output/runtimes/", import.meta.url));
const script = join(folder, "fingerprint.mjs");

describe("reproducible in every runtime", () => {
  let here: Fingerprint;
  beforeAll(async () => {
    await build({
      stdin: {
        // Deno is told to end: about once in a hundred runs it does not, although all is printed (README, "Limits").
        contents:
          'import { fingerprint } from "./support/fingerprint.ts"; const result = JSON.stringify(await fingerprint()); ' +
          "if (globalThis.WorkerGlobalScope) postMessage(result); else console.log(result); globalThis.Deno?.exit();",
        resolveDir: fileURLToPath(new URL("..", import.meta.url)),
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
    expect(here.scales).toHaveLength(4);
    expect(new Set(here.scales).size).toBe(1);
    expect(new Set(here.noises).size).toBe(7);
  });

  it("here, with an interruption", () => {
    expect(here.epochsLeft).toBeGreaterThan(0);
    expect(here.interrupted[1]).toBe(here.interrupted[0]);
  });

  function expectSame(there: Fingerprint): void {
    const results = ({ noise, noises, patches, models, scales, interrupted, calibration }: Fingerprint) => ({
      ...{ noise, noises, patches, models, scales, interrupted, calibration },
    });
    expect(results(there)).toEqual(results(here));
    expect(there.epochsLeft).toBeGreaterThan(0);
  }

  for (const { title, path, arguments: before } of runtimes) {
    it.skipIf(!path)(title, async () => {
      const { stdout } = await promisify(execFile)(path!, [...before, script], {
        cwd: folder,
        env: quietEnvironment,
      });
      expectSame(JSON.parse(stdout));
    });
  }

  it.skipIf(!firefox)(
    firefox ? "Firefox" : "Firefox (skipped: not found; set FIREFOX to its path)",
    async () => {
      const server = createServer(async ({ url }, response) => {
        const isScript = url === "/fingerprint.mjs";
        // Without the headers that let threads share memory: several threads have hung in Firefox (README, "Limits").
        response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
        response.end(isScript ? await readFile(script) : "<!doctype html><title>a fingerprint</title>");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        await using page = await FirefoxPage.open(
          `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        );
        const printed = await page.evaluate(`new Promise((resolve, reject) => {
          const worker = new Worker("/fingerprint.mjs", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        })`);
        const there: Fingerprint = JSON.parse(printed as string);
        expect(there.threads).toEqual([1, 1, 1, 1]);
        expectSame(there);
      } finally {
        server.close();
      }
    },
  );
});
