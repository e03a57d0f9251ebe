/** The package as npm packs it, in the examples and in projects of other kinds: each server answers requests, each page denoises. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { execute, install, pack, type Started, serveFolder, start } from "../support/example-runs.ts";
import { type NoisyPicture, noisyPictures } from "../support/noisy-pictures.ts";
import { describeInChromium } from "../support/page-suite.ts";
import { bun, deno, node24, type Runtime, thisNode } from "../support/runtimes.ts";
import { startWorkerd } from "../support/workerd.ts";

const sigma = 25;
/** Gained by denoising this garment, in dB, at least. The model that is built in is for photographs. */
const least = 3;
/** What makes a test slow is npm. */
const timeout = 240_000;

describe("the examples", () => {
  let folder: string;
  let tarball: string;
  let picture: NoisyPicture;
  let running: Started | undefined;
  /** What every runtime has to make of the picture: told its noise, and finding it. */
  let told: Uint8Array;
  let found: Uint8Array;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-examples-"));
    tarball = await pack(folder);
    [picture] = (await noisyPictures(1, sigma)) as [NoisyPicture];
    const { noisy: data, clean, width, height } = picture;
    const denoiser = await createDenoiser();
    told = (await denoiser.denoise({ data, width, height }, { sigma })).data;
    found = (await denoiser.denoise({ data, width, height })).data;
    for (const result of [told, found])
      expect(psnr(clean, result)).toBeGreaterThan(psnr(clean, data) + least);
    await writeFile(join(folder, "noisy.png"), picture.png);
  }, timeout);
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const post = (body: Uint8Array, query = `?sigma=${sigma}`) =>
    fetch(running!.url + query, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: body as Uint8Array<ArrayBuffer>,
    });

  async function expectAnswers(): Promise<void> {
    for (const [query, expected] of [
      [`?sigma=${sigma}`, told],
      ["", found],
    ] as const) {
      const response = await post(picture.png, query);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
      const { width, height, channels, depth, data } = decode(await response.arrayBuffer());
      expect({ width, height, channels, depth }).toEqual({ width: 28, height: 28, channels: 1, depth: 8 });
      expect(new Uint8Array(data)).toEqual(expected);
    }
    for (const response of [await post(picture.png.subarray(0, 100)), await post(picture.png, "?sigma=x")]) {
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/cut short|sigma/) });
    }
  }

  describe("answer a PNG with a PNG", () => {
    const servers: [name: string, runtime: Runtime, parameters: string[]][] = [
      ["node-http", thisNode, ["server.js"]],
      ["bun", bun, ["server.js"]],
      ["deno", deno, ["run", "--no-prompt", "--cached-only", "--allow-net", "--allow-env=PORT", "main.js"]],
    ];
    for (const [name, { path, title }, parameters] of servers) {
      it.skipIf(!path)(
        `${name}: ${title}`,
        async () => {
          running = await start(await install(`examples/${name}`, folder, tarball), path!, parameters);
          await expectAnswers();
        },
        timeout,
      );
    }

    it.skipIf(!node24.path)(
      `cloudflare-worker: wrangler on ${node24.title}, workerd`,
      async () => {
        const copy = await install("examples/cloudflare-worker", folder, tarball);
        const wrangler = "node_modules/wrangler/bin/wrangler.js";
        await execute(copy, node24.path!, [wrangler, "deploy", "--dry-run", "--outdir", "dist"]);
        running = await startWorkerd(join(copy, "dist"));
        await expectAnswers();
      },
      timeout,
    );
  });

  describeInChromium("denoise in a page", (at) => {
    /** What the page at `url` shows for the picture. Its console shows the expected errors only. */
    async function denoiseAt(url: string, expected: unknown[]): Promise<number[]> {
      const page = await at.browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", ({ message }) => faults.push(message));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
      await page.goto(url, { waitUntil: "networkidle" });
      await page.setInputFiles("input", join(folder, "noisy.png"));
      await page.waitForFunction(() => document.querySelector("output")!.value.startsWith("denoised"));
      const shown = await page.evaluate(() => {
        const { width, height } = document.querySelector("canvas")!;
        const context = document.querySelector("canvas")!.getContext("2d")!;
        return [...context.getImageData(0, 0, width, height).data];
      });
      await page.close();
      expect(faults).toEqual(expected);
      return shown;
    }

    const expectDenoised = async (url: string, faults: unknown[] = []) =>
      expect(await denoiseAt(url, faults)).toEqual([...found].flatMap((grey) => [grey, grey, grey, 255]));
    const policy = { "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'" };

    const vite = "node_modules/vite/bin/vite.js";
    const pages: [name: string, project: string | string[], site: string, build: string[] | undefined][] = [
      ["browser-esm", "examples/browser-esm", "", undefined],
      ["webpack", "examples/webpack", "", ["node_modules/webpack-cli/bin/cli.js"]],
      ["esbuild", "examples/esbuild", "", ["run", "build"]],
      ["Rollup", ["examples/esbuild", "test/examples/rollup"], "", ["run", "build"]],
    ];
    for (const [name, project, site, build] of pages) {
      it(
        name,
        async () => {
          const copy = await install(project, folder, tarball);
          if (build) await execute(copy, build[0] === "run" ? "npm" : process.execPath, build);
          running = await serveFolder(join(copy, site));
          await expectDenoised(running.url);
        },
        timeout,
      );
    }

    it.each([["7"], ["8"]])(
      "Vite %s: its development server, and what it builds, also under a content security policy",
      async (version) => {
        const copy = await install("examples/vite", folder, tarball, { vite: version });
        running = await start(copy, process.execPath, [vite, "--host", "127.0.0.1"]);
        await expectDenoised(running.url);
        await running.stop();
        await execute(copy, process.execPath, [vite, "build"]);
        running = await serveFolder(join(copy, "dist"));
        await expectDenoised(running.url);
        await running.stop();
        // Where a policy forbids workers from texts, the browser says so, and the worker's file is started.
        running = await serveFolder(join(copy, "dist"), policy);
        await expectDenoised(running.url, [expect.stringMatching(/Content Security Policy/)]);
      },
      timeout,
    );

    it(
      "Next.js: a page, and a route of its edge runtime that answers a PNG with a PNG",
      async () => {
        const copy = await install("examples/nextjs", folder, tarball);
        const next = "node_modules/next/dist/bin/next";
        await execute(copy, process.execPath, [next, "build"]);
        const { url, stop } = await start(copy, process.execPath, [next, "start", "-H", "127.0.0.1"]);
        running = { url: `${url}denoise`, stop };
        await expectAnswers();
        await expectDenoised(url);
      },
      timeout,
    );
  });
});
