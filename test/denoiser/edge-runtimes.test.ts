/** The entry for inference as it is built, in real runtimes: the same bytes of 100 pictures in all of them. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { chromium as launcher } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../src/data/sha256.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { concatenate } from "../support/bytes.ts";
import { chromium, chromiumArguments } from "../support/chromium.js";
import { serveFolder } from "../support/example-runs.ts";
import { noisyPictures } from "../support/noisy-pictures.ts";
import { quietEnvironment, runtimes } from "../support/runtimes.ts";
import { bundleWorker, startWorkerd } from "../support/workerd.ts";

const sigma = 25;
const built = fileURLToPath(new URL("../../build/esm/", import.meta.url));
const suite = fileURLToPath(new URL("../support/edge-suite.js", import.meta.url));

describe("the entry for inference, in real runtimes", () => {
  let folder: string;
  let expected: object;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-edge-"));
    const pictures = await noisyPictures(100, sigma);
    const parts = pictures.flatMap(({ png }) => [new Uint8Array(Uint32Array.of(png.length).buffer), png]);
    const denoiser = await createDenoiser();
    const results: Uint8Array[] = [];
    for (const { noisy: data, width, height } of pictures) {
      for (const level of [sigma, "auto"] as const)
        results.push((await denoiser.denoise({ data, width, height }, { sigma: level })).data);
    }
    expected = { count: 100, variant: "simd", sha256: await sha256(concatenate(results)) };

    await writeFile(join(folder, "pictures.bin"), concatenate(parts));
    const start = (name: string, text: string) =>
      writeFile(join(folder, name), `import { suite } from ${JSON.stringify(suite)};\n${text}`);
    await start("print.js", "console.log(JSON.stringify(await suite()));");
    await start("page.js", "globalThis.suite = suite;");
    await start("answer.js", "export default { fetch: async () => Response.json(await suite()) };");
    const bundled: BuildOptions = {
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      plugins: [pictureFile()],
      loader: { ".bin": "binary" },
      logLevel: "warning",
    };
    await build({
      ...bundled,
      entryPoints: [join(folder, "print.js"), join(folder, "page.js")],
      outdir: join(folder, "site"),
      alias: { "denoise-wasm": join(built, "index.js"), "denoise-wasm/png": join(built, "png.js") },
    });
    await bundleWorker(join(folder, "answer.js"), join(folder, "worker"), [pictureFile()]);
    await writeFile(join(folder, "site", "index.html"), '<script type="module" src="page.js"></script>');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Puts the file of pictures where the suite imports it. */
  function pictureFile(): Plugin {
    return {
      name: "pictures",
      setup({ onResolve }) {
        onResolve({ filter: /pictures\.bin$/ }, () => ({ path: join(folder, "pictures.bin") }));
      },
    };
  }

  function expectResult({ checks, ...result }: { checks: Record<string, boolean> }): void {
    expect(Object.keys(checks)).toHaveLength(11);
    expect(Object.entries(checks).filter(([, passed]) => !passed)).toEqual([]);
    expect(result).toEqual(expected);
  }

  for (const { title, path, arguments: before } of runtimes) {
    it.skipIf(!path)(title, async () => {
      const script = join(folder, "site", "print.js");
      const { stdout } = await promisify(execFile)(path!, [...before, script], {
        cwd: folder,
        env: quietEnvironment,
      });
      expectResult(JSON.parse(stdout));
    });
  }

  it("workerd", async () => {
    const worker = await startWorkerd(join(folder, "worker"));
    try {
      const response = await fetch(worker.url);
      expect(response.status, worker.messages()).toBe(200);
      expectResult(await response.json());
    } finally {
      await worker.stop();
    }
  });

  const title = chromium ? "Chromium" : "Chromium (skipped: not found; set CHROMIUM to its path)";
  it.skipIf(!chromium)(title, async () => {
    const site = await serveFolder(join(folder, "site"));
    const browser = await launcher.launch({ executablePath: chromium!, args: [...chromiumArguments] });
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      const run = () => (globalThis as unknown as { suite(): Promise<never> }).suite();
      expectResult(await page.evaluate(run));
    } finally {
      await browser.close();
      await site.stop();
    }
  });
});
