/** The files of examples/pipelines, with the package as npm packs it: each gives what the denoiser gives for the same picture. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { decodeJpeg } from "../../src/jpeg.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { execute, install, pack, type Started, serveFolder, start } from "../support/example-runs.ts";
import { normal } from "../support/networks.ts";
import { describeInChromium } from "../support/page-suite.ts";

const timeout = 240_000;
const sigma = 25;
const [width, height] = [96, 80];
const photograph = fileURLToPath(new URL("../../data/photographs/parrots.png", import.meta.url));

describe("the examples: pipelines", () => {
  let folder: string;
  let project: string;
  let running: Started | undefined;
  /** A part of a photograph, the same with noise, and what a denoiser makes of that. */
  let clean: Uint8Array;
  let noisy: Uint8Array;
  let denoised: Uint8Array;
  let png: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-pipelines-"));
    clean = await sharp(photograph)
      .extract({ left: 60, top: 60, width, height })
      .removeAlpha()
      .raw()
      .toBuffer();
    noisy = Uint8Array.from(
      Uint8ClampedArray.from(normal(clean.length, 11, sigma).map((value, i) => value + clean[i]!)),
    );
    denoised = await denoise(noisy);
    expect(psnr(clean, denoised)).toBeGreaterThan(psnr(clean, noisy) + 5);
    png = await encodePng({ data: noisy, width, height, channels: 3 });
    const projects = ["examples/pipelines", "test/examples/pipelines"];
    project = await install(projects, folder, await pack(folder));
    await mkdir(join(project, "public"));
    await mkdir(join(project, "assets"));
    // More than 4 megapixels, in which no noise is to be found.
    const [wide, high] = [2100, 2000];
    const even = { data: new Uint8Array(wide * high).fill(99), width: wide, height: high, channels: 1 };
    await writeFile(join(project, "assets", "large.png"), await encodePng(even));
    for (const place of ["public", "assets"]) await writeFile(join(project, place, "noisy.png"), png);
  }, timeout);
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function denoise(data: Uint8Array): Promise<Uint8Array> {
    const denoiser = await createDenoiser();
    const result = await denoiser.denoise({ data, width, height, channels: 3 }, { sigma });
    denoiser.dispose();
    return result.data;
  }

  it.each(["express", "fastify", "hono"])(
    "%s answers a PNG with a PNG, a JPEG with a JPEG, and says what is wrong",
    async (name) => {
      running = await start(project, process.execPath, ["servers.js", name]);
      const post = (body: Uint8Array<ArrayBuffer>, type: string, query = `?sigma=${sigma}`) =>
        fetch(`${running!.url}denoise${query}`, { method: "POST", headers: { "content-type": type }, body });
      const answer = await post(png, "image/png");
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
      expect((await decodePng(new Uint8Array(await answer.arrayBuffer()), "the answer")).data).toEqual(
        denoised,
      );

      // An empty field of a form is no level of 0.
      const found = await post(png, "image/png", "?sigma=&strength=%20");
      expect(
        psnr(
          clean,
          (await decodePng(new Uint8Array(await found.arrayBuffer()), "the answer")).data as Uint8Array,
        ),
      ).toBeGreaterThan(psnr(clean, noisy) + 4);

      const jpeg = await sharp(png).jpeg({ quality: 95 }).toBuffer();
      const other = await post(Uint8Array.from(jpeg), "image/jpeg");
      expect([other.status, other.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
      expect(
        psnr(clean, decodeJpeg(new Uint8Array(await other.arrayBuffer()), "the answer").data),
      ).toBeGreaterThan(psnr(clean, noisy) + 4);

      for (const [body, query, fault] of [
        [png.slice(0, 100), "", /cut short/],
        [png, "?sigma=x", /sigma/],
        [new Uint8Array(9), "", /neither a PNG nor a JPEG/],
      ] as const) {
        const refused = await post(body, "image/png", query);
        expect(refused.status).toBe(400);
        expect(await refused.json()).toEqual({ error: expect.stringMatching(fault) });
      }
      // A server may close the connection before it has taken all that it refuses.
      const tooLarge = post(new Uint8Array(9 * 2 ** 20), "image/png");
      expect([413, "closed"]).toContain(
        await tooLarge.then(
          ({ status }) => status,
          () => "closed",
        ),
      );
    },
    timeout,
  );

  it.each(["express", "fastify", "hono"])(
    "%s has a place for 16 requests, and does not denoise what nobody waits for",
    async (name) => {
      running = await start(project, process.execPath, ["servers.js", name]);
      const [side, headers] = [512, { "content-type": "image/png" }];
      const grey = Uint8Array.from(
        Uint8ClampedArray.from(normal(side * side, 5, 40).map((value) => 128 + value)),
      );
      const body = await encodePng({ data: grey, width: side, height: side });
      const post = (signal?: AbortSignal) =>
        fetch(`${running!.url}denoise?sigma=40`, {
          method: "POST",
          headers,
          body,
          ...(signal && { signal }),
        });
      const begun = performance.now();
      expect((await post()).status).toBe(200);
      const alone = performance.now() - begun;

      const crowd = await Promise.all(Array.from({ length: 40 }, () => post()));
      const busy = crowd.filter(({ status }) => status === 503);
      expect(busy.length).toBeGreaterThan(0);
      expect(crowd.filter(({ status }) => status === 200)).toHaveLength(40 - busy.length);
      expect(40 - busy.length).toBeGreaterThanOrEqual(16);
      expect(busy[0]!.headers.get("retry-after")).toBe("5");
      expect(await busy[0]!.json()).toEqual({ error: expect.stringMatching(/Too many requests/) });

      const leaving = new AbortController();
      const gone = Array.from({ length: 15 }, () => post(leaving.signal).catch(() => "left"));
      await new Promise((resolve) => setTimeout(resolve, alone / 2));
      leaving.abort();
      await Promise.all(gone);
      const next = performance.now();
      expect((await post()).status).toBe(200);
      // Fifteen pictures that nobody waits for would be fifteen times as long.
      expect(performance.now() - next).toBeLessThan(5 * alone + 500);
    },
    timeout,
  );

  it(
    "sharp keeps profile and Exif data, raw frames go through a stream, and levels are averaged over frames",
    async () => {
      const exif = { IFD0: { Artist: "somebody" } };
      const jpeg = await sharp(png).withExif(exif).withIccProfile("p3").jpeg({ quality: 100 }).toBuffer();
      await writeFile(join(project, "noisy.jpg"), jpeg);
      const frames = [noisy, clean, noisy];
      await writeFile(join(project, "film"), Buffer.concat(frames));
      await execute(project, process.execPath, ["files.js", "film", `${width}`, `${height}`]);
      const result = sharp(join(project, "by-sharp.png"));
      const metadata = await result.metadata();
      expect(metadata).toMatchObject({ width, height, channels: 3 });
      expect(metadata.icc?.length).toBeGreaterThan(100);
      expect(metadata.exif?.toString("latin1")).toContain("somebody");
      const { data } = await sharp(jpeg).keepIccProfile().raw().toBuffer({ resolveWithObject: true });
      expect(new Uint8Array(await result.keepIccProfile().raw().toBuffer())).toEqual(
        await denoise(new Uint8Array(data)),
      );
      expect(await sharp(join(project, "small.webp")).metadata()).toMatchObject({
        width: 16,
        format: "webp",
      });

      const film = await readFile(join(project, "film.clean"));
      const expected = [denoised, await denoise(clean), denoised];
      expect(Buffer.compare(film, Buffer.concat(expected))).toBe(0);
      const { ended, levels } = JSON.parse(await readFile(join(project, "said.json"), "utf8"));
      expect(ended).toMatch(/^The stream ended within a frame, after \d+ of 23040 bytes/);
      const [first, second, third] = levels.alone;
      expect(first).toBeGreaterThan(second + 10);
      expect(levels.averaged).toEqual([first, (first + second) / 2, (second + third) / 2]);
    },
    timeout,
  );

  it(
    "TypeScript knows what an import of a denoised picture gives",
    async () => {
      const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
      const check = (type: string) => {
        const text = `import url from "./photo.jpg?denoise";\nexport const address: ${type} = url;\n`;
        return writeFile(join(project, "use.ts"), text).then(() =>
          execute(project, process.execPath, [tsc, "--noEmit", "vite-client.d.ts", "use.ts"]),
        );
      };
      await check("string");
      await expect(check("number")).rejects.toThrow(/Type 'string' is not assignable to type 'number'/);
    },
    timeout,
  );

  describeInChromium("in a page", (at) => {
    const vite = "node_modules/vite/bin/vite.js";
    it(
      "the element, WebCodecs, and pictures that Vite denoises when it builds and when it serves",
      async () => {
        await execute(project, process.execPath, [vite, "build"]);
        running = await serveFolder(join(project, "dist"));
        const page = await at.browser.newPage();
        const faults: string[] = [];
        page.on("pageerror", ({ message }) => faults.push(message));
        await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
        await page.goto(running.url);
        await page.waitForSelector("denoise-img[state=done]");
        const shown = await page.evaluate(() => {
          const canvas = document.querySelector("denoise-img")!.shadowRoot!.querySelector("canvas")!;
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          return { data: [...data], label: canvas.getAttribute("aria-label") };
        });
        const rgba = (rgb: Uint8Array) =>
          [...rgb].flatMap((value, i) => (i % 3 === 2 ? [value, 255] : value));
        expect(shown).toEqual({ data: rgba(denoised), label: "A noisy picture" });

        // biome-ignore lint/suspicious/noExplicitAny: the page of the test defines it
        const send = (values: number[]) => (window as any).denoiseFrames(values, ...[96, 80], 3);
        const { results, closed } = await page.evaluate(send, rgba(noisy));
        expect(closed).toBe(true);
        const timestamps = [0, 1000, 2000];
        expect(results).toEqual(timestamps.map((timestamp) => ({ data: rgba(denoised), timestamp })));

        // biome-ignore lint/suspicious/noExplicitAny: as above
        const many = (values: number[]) => (window as any).denoiseMany(values, ...[96, 80]);
        const { results: pooled, late } = await page.evaluate(many, rgba(noisy));
        expect(pooled.splice(4, 1)).toEqual(["AbortError"]);
        expect(pooled).toEqual(Array(5).fill(rgba(denoised)));
        expect(late).toEqual(Array(3).fill("DenoiseError"));
        // biome-ignore lint/suspicious/noExplicitAny: as above
        expect(await page.evaluate(() => (window as any).endFrames())).toEqual({
          ended: 3,
          said: "copy failed",
          closed: true,
        });

        const built = await page.evaluate(async () => {
          const response = await fetch(document.querySelector("img")!.src);
          return [...new Uint8Array(await response.arrayBuffer())];
        });
        expect((await decodePng(Uint8Array.from(built), "the answer")).data).toEqual(denoised);

        await page.evaluate(() => document.querySelector("denoise-img")!.setAttribute("src", "none.png"));
        await page.waitForSelector("denoise-img[state=failed]");
        expect(faults).toEqual([]);

        // What fails at first, such as the script of a worker that does not come, is tried again.
        const other = await at.browser.newPage();
        await other.addInitScript(() => {
          const { Worker } = globalThis;
          globalThis.Worker = class {
            constructor() {
              throw new Error("not this time");
            }
          } as unknown as typeof Worker;
          Object.assign(globalThis, { mend: () => Object.assign(globalThis, { Worker }) });
        });
        await other.goto(running.url);
        await other.waitForSelector("denoise-img[state=failed]");
        await other.evaluate(() => {
          (globalThis as unknown as { mend(): void }).mend();
          document.querySelector("denoise-img")!.setAttribute("src", "noisy.png");
        });
        await other.waitForSelector("denoise-img[state=done]");
        await other.close();

        await running.stop();
        running = await start(project, process.execPath, [vite, "--host", "127.0.0.1"]);
        const module = await (await fetch(`${running.url}assets/noisy.png?import&denoise`)).text();
        const [, data] = /base64,([^"]+)"/.exec(module)!;
        expect((await decodePng(Buffer.from(data!, "base64"), "the answer")).data).toEqual(denoised);
        await page.close();
      },
      timeout,
    );
  });
});
