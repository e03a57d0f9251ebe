/** The same seed gives the same bytes in V8 of three ages, in Deno and in JavaScriptCore (Bun). */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { type Fingerprint, fingerprint } from "../support/fingerprint.ts";
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
          'import { fingerprint } from "./support/fingerprint.ts"; console.log(JSON.stringify(await fingerprint())); ' +
          "globalThis.Deno?.exit();",
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

  for (const { title, path, arguments: before } of runtimes) {
    it.skipIf(!path)(title, async () => {
      const { stdout } = await promisify(execFile)(path!, [...before, script], {
        cwd: folder,
        env: quietEnvironment,
      });
      const there: Fingerprint = JSON.parse(stdout);
      const results = ({
        noise,
        noises,
        patches,
        models,
        scales,
        interrupted,
        calibration,
      }: Fingerprint) => ({
        ...{ noise, noises, patches, models, scales, interrupted, calibration },
      });
      expect(results(there)).toEqual(results(here));
      expect(there.epochsLeft).toBeGreaterThan(0);
    });
  }
});
