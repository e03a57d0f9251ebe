/** What the page does with photographs: zoom, what was taken away, several at once, their files, models of one's own. */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { folder } from "../../web/build.js";
import { denoised, goTo, message, openPage, pngFile, saved, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

/** Exif data of a picture with a copyright. */
const exif = Uint8Array.from([
  ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
  ...[0x82, 0x98, 0, 2, 0, 0, 0, 3, 0x6d, 0x65, 0, 0],
  ...[0, 0, 0, 0],
]);

/** A JPEG file with noise. */
function jpegFile(name: string, side: number) {
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => 96 + (Math.imul(i, 0x9e3779b1) >>> 26));
  const bytes = encodeJpeg({ data, width: side, height: side, channels: 3 }, { metadata: { exif } });
  return { name, mimeType: "image/jpeg", buffer: Buffer.from(bytes) };
}

/** Where the two sides are in the window. */
const sides = (page: Page) =>
  page.evaluate(() =>
    ["before", "after"].map((id) => {
      const { left, top, width } = document.getElementById(id)!.getBoundingClientRect();
      return { left, top, width };
    }),
  );

describePage("the page and photographs", (at) => {
  it("zooms and pans both sides in step, by buttons, keys, wheel, mouse and two fingers", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", { hasTouch: true });
    const { page, faults } = opened;
    await denoised(page);
    const look = async () => {
      const [before, after] = await sides(page);
      expect(after).toEqual(before);
      return before!;
    };
    const fitting = await look();
    await page.click("#zoom-200");
    expect((await look()).width).toBe(1280);
    expect(await text(page, "zoom-now")).toBe("200 %");
    await page.focus("#split");
    await page.keyboard.press("1");
    expect((await look()).width).toBe(640);
    await page.keyboard.press("+");
    expect((await look()).width).toBeCloseTo(960, 0);
    const { left } = await look();
    await page.keyboard.press("Shift+ArrowRight");
    expect((await look()).left).toBeLessThan(left);
    await page.keyboard.press("0");
    expect(await look()).toEqual(fitting);

    const box = (await page.locator("#stage").boundingBox())!;
    const point = { x: box.x + box.width / 4, y: box.y + box.height / 4 };
    const under = ({ left, width }: { left: number; width: number }) => (point.x - left) / width;
    await page.mouse.move(point.x, point.y);
    await page.mouse.wheel(0, -400);
    await expect.poll(async () => (await look()).width).toBeGreaterThan(fitting.width);
    const zoomed = await look();
    // What is under the pointer stays there.
    expect(under(zoomed)).toBeCloseTo(under(fitting), 3);
    await page.mouse.down();
    await page.mouse.move(point.x + 30, point.y + 20);
    await page.mouse.up();
    const panned = await look();
    expect(panned.left - zoomed.left).toBeCloseTo(30, 0);
    expect(panned.top - zoomed.top).toBeCloseTo(20, 0);

    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", distance: number) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints:
          type === "touchEnd"
            ? []
            : [-distance, distance].map((dx) => ({ x: point.x + 100 + dx, y: point.y + 60 })),
      });
    await touch("touchStart", 30);
    await touch("touchMove", 60);
    await touch("touchEnd", 0);
    expect((await look()).width).toBeGreaterThan(1.5 * panned.width);
    expect(faults).toEqual([]);
  });

  it("shows what was taken away", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    await page.click("#difference");
    await page.waitForFunction(() => document.getElementById("after-tag")!.textContent === "taken away, × 4");
    const mean = await page.locator("#taken canvas").evaluate((element) => {
      const { width, height } = element as HTMLCanvasElement;
      const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      return data.reduce((sum, value, i) => (i % 4 < 3 ? sum + value : sum), 0) / (3 * width * height);
    });
    // Noise is as often light as dark.
    expect(Math.abs(mean - 128)).toBeLessThan(4);
    const deviation = async () => Number(/changed by ([\d.]+)/.exec(await text(page, "changes-words"))![1]);
    // That of the noise which was added, by its PSNR, but for what was left of it.
    const added = 255 / 10 ** (Number.parseFloat(await text(page, "noisy-psnr")) / 20);
    expect(await deviation()).toBeLessThan(added);
    expect(await deviation()).toBeGreaterThan(0.8 * added);
    await page.fill("#strength", "50");
    await expect.poll(deviation, { timeout: 20_000 }).toBeLessThan(0.55 * added);
    await page.click("#difference");
    expect(await text(page, "after-tag")).toBe("denoised");
    expect(await page.locator("#changes").isVisible()).toBe(false);
    expect(await page.locator("#taken").isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it("denoises several pictures into a ZIP file, JPEG to JPEG with its Exif data, and names what fails", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    await page.uncheck("#auto");
    const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("none") };
    const png = pngFile("c.png", [64, 64], undefined, (x, y) => (x * y) % 251);
    await page.setInputFiles("#picture-file", [jpegFile("a.jpg", 64), jpegFile("a.jpg", 64), broken, png]);
    await page.waitForFunction(
      () => document.getElementById("picture-facts")!.textContent === "a.jpg, 64 × 64",
    );
    await page.locator("#download:enabled").waitFor();
    const one = await saved(page, "download");
    expect(one.name).toBe("a-denoised.jpg");
    expect(decodeJpeg(one.bytes, "the result").metadata?.exif).toEqual(exif);
    const zip = await saved(page, "zip");
    expect(zip.name).toBe("denoised.zip");
    const files = unzipSync(zip.bytes);
    expect(Object.keys(files)).toEqual(["a-denoised.jpg", "a-denoised (2).jpg", "c-denoised.png"]);
    expect(Buffer.from(files["a-denoised.jpg"]!).equals(one.bytes)).toBe(true);
    expect(await text(page, "strip-state")).toMatch(/^3 of 4 denoised\. broken\.jpg is not a picture/);
    // Another of them is shown by its name.
    await page.locator("#strip-names button").last().click();
    await page.waitForFunction(
      () => document.getElementById("picture-facts")!.textContent === "c.png, 64 × 64",
    );
    expect(faults).toEqual([]);
  });

  it("has an address for what was chosen", async () => {
    await using opened = await openPage(
      at.browser,
      at.url,
      "denoise&sample=window&model=photo-tiny&level=12&view=taken",
    );
    const { page, faults } = opened;
    const isShown = async () => {
      await page.waitForFunction(
        () => document.getElementById("after-tag")!.textContent === "taken away, × 4",
      );
      expect(await text(page, "picture-facts")).toBe("sample window, 640 × 427");
      expect(await page.inputValue("#model")).toBe("photo-tiny");
      expect([await page.isChecked("#auto"), await page.inputValue("#sigma")]).toEqual([false, "12"]);
    };
    await isShown();
    await page.fill("#strength", "50");
    await page.locator("#strength").blur();
    await expect.poll(() => page.url(), { timeout: 20_000 }).toMatch(/&level=12&strength=50&view=taken$/);
    await page.reload();
    await isShown();
    expect(await page.inputValue("#strength")).toBe("50");
    // What is no choice is not taken.
    await page.goto(`${at.url}?again#denoise&sample=x&model=own&level=1e9&strength=`);
    await denoised(page);
    expect(await text(page, "picture-facts")).toBe("sample parrots, 640 × 427");
    expect([await page.inputValue("#model"), await page.isChecked("#auto")]).toEqual(["photo", true]);
    expect(await page.inputValue("#strength")).toBe("100");
    expect(faults).toEqual([]);
  });

  it("takes what is pasted or dropped anywhere, and says why it loads no addresses", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page } = opened;
    await denoised(page);
    const { buffer } = pngFile("", [48, 48], (x) => x % 2 === 0);
    const give = (type: "paste" | "drop", name: string) =>
      page.evaluate(
        ({ type, name, bytes }) => {
          const data = new DataTransfer();
          if (bytes) data.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
          else data.setData("text/plain", name);
          const event =
            type === "paste"
              ? new ClipboardEvent(type, { clipboardData: data, bubbles: true })
              : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
          document.querySelector("h1")!.dispatchEvent(event);
        },
        { type, name, bytes: name.startsWith("http") ? undefined : [...buffer] },
      );
    await give("paste", "pasted.png");
    await page.waitForFunction(() =>
      document.getElementById("picture-facts")!.textContent!.startsWith("pasted"),
    );
    await give("drop", "dropped.png");
    await page.waitForFunction(() =>
      document.getElementById("picture-facts")!.textContent!.startsWith("dropped"),
    );
    await give("drop", "https://example.org/picture.jpg");
    expect(await message(page, "denoise")).toMatch(/loads nothing from other sites/);
  });

  it("denoises by another model: by its name, and by a file", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    expect(await text(page, "denoiser-facts")).toMatch(
      /^\d+ KB of weights; [\d.]+ s for a megapixel here\.$/,
    );
    await page.selectOption("#model", "photo-tiny");
    await denoised(page, 2);
    expect(await text(page, "denoiser-facts")).toMatch(/^29 KB/);
    const buffer = readFileSync(`${folder}models/photo-tiny.safetensors`);
    await page.setInputFiles("#denoise-load", { name: "mine.safetensors", mimeType: "", buffer });
    await denoised(page, 3);
    expect(await page.locator("#model option:checked").innerText()).toBe("mine.safetensors");
    // It is the page's model everywhere.
    await goTo(page, "train");
    expect(await page.locator("#tune-own").innerText()).toBe("mine.safetensors");
    expect(await page.isEnabled("#save-model")).toBe(true);
    expect(faults).toEqual([]);
  });
});
