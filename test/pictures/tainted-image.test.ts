/** A picture of another site, which a page may show but not read, in a Chromium that loads one. */
import { build } from "esbuild";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type * as BrowserImage from "../../src/pictures/browser-image.ts";
import { encodePng } from "../../src/png.ts";
import { chromium } from "../support/chromium.js";
import { launch } from "../support/open-page.ts";

const title = "readImage of a picture of another site";
describe.skipIf(!chromium)(chromium ? title : `${title} (skipped: no Chromium; set CHROMIUM to it)`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it.each([
    [false, "DataError: The picture's pixels cannot be read: it comes from another site"],
    [true, "2 × 2"],
  ])("where that site permits reading: %s", async (permits, expected) => {
    const entryPoints = ["src/pictures/browser-image.ts"];
    const script = await build({
      entryPoints,
      bundle: true,
      format: "iife",
      globalName: "images",
      write: false,
    });
    const body = Buffer.from(await encodePng({ data: new Uint8Array(4), width: 2, height: 2 }));
    const page = await browser.newPage();
    await page.route("http://page.test/", (route) =>
      route.fulfill({ contentType: "text/html", body: "<p>" }),
    );
    const headers = permits ? { "access-control-allow-origin": "*" } : undefined;
    await page.route("http://pictures.test/a.png", (route) =>
      route.fulfill({ contentType: "image/png", body, ...(headers && { headers }) }),
    );
    await page.goto("http://page.test/");
    await page.addScriptTag({ content: script.outputFiles[0]!.text });
    const result = await page.evaluate(async (asks) => {
      const img = new Image();
      if (asks) img.crossOrigin = "anonymous";
      img.src = "http://pictures.test/a.png";
      await img.decode();
      const { readImage } = (globalThis as unknown as { images: typeof BrowserImage }).images;
      return readImage(img).then(({ width, height }) => `${width} × ${height}`, String);
    }, permits);
    expect(result).toContain(expected);
    await page.close();
  });
});
