/** A denoiser on several threads gives the same bytes in V8 of several ages, in Deno and in JavaScriptCore (Bun). */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { denoisedOnThreads } from "../support/denoised-on-threads.ts";
import { quietEnvironment, runtimes } from "../support/runtimes.ts";

const folder = fileURLToPath(new URL("../.output/thread-runtimes/", import.meta.url));
const script = join(folder, "denoised.mjs");

describe("denoising on three threads, as on one here,", () => {
  let here: Awaited<ReturnType<typeof denoisedOnThreads>>;
  beforeAll(async () => {
    await build({
      stdin: {
        contents:
          'import { denoisedOnThreads } from "./support/denoised-on-threads.ts"; console.log(JSON.stringify(await denoisedOnThreads(3)));',
        resolveDir: fileURLToPath(new URL("..", import.meta.url)),
      },
      outfile: script,
      bundle: true,
      format: "esm",
      target: "es2022",
      platform: "neutral",
      logLevel: "warning",
    });
    here = await denoisedOnThreads(1);
    expect(here).toEqual({
      threads: 1,
      sha256: [expect.stringMatching(/^[0-9a-f]{64}$/), expect.anything()],
    });
  });

  for (const { title, path, arguments: before } of runtimes) {
    it.skipIf(!path)(title, async () => {
      const { stdout } = await promisify(execFile)(path!, [...before, script], {
        cwd: folder,
        env: quietEnvironment,
      });
      expect(JSON.parse(stdout)).toEqual({ ...here, threads: 3 });
    });
  }
});
