/** A training in the page that goes on after a reload, from what the browser kept of it. */
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { ended, message, openPage, pngFile, saved, showAllSettings, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

const EPOCHS = 150;
const pictures = Array.from({ length: 20 }, (_, i) =>
  pngFile(`${String(i).padStart(2, "0")}.png`, [40, 30], (x, y) => (x * (i + 1) + y * 7) % 11 < 5),
);

/** Begins a training on pictures of one's own whose epochs are short. */
async function begin(page: Page, files = pictures): Promise<void> {
  await showAllSettings(page);
  await page.selectOption("#recipe", "fashion-autoencoder");
  await page.selectOption("#data", "pictures");
  await page.setInputFiles("#training-pictures", files);
  await page.fill("#epochs", `${EPOCHS}`);
  await page.fill("#batch", "9");
  await page.fill("#seed", "3");
  await page.click("#start");
}

async function reload(page: Page): Promise<void> {
  await page.reload();
  await page.locator("#train").waitFor();
}

const epochReached = (page: Page, least: number) =>
  page.waitForFunction(
    (least) => Number.parseInt(document.getElementById("status-epoch")!.textContent!, 10) >= least,
    least,
  );
const kept = (page: Page) =>
  page
    .locator("#kept-state")
    .filter({ hasText: /^Kept in this browser at/ })
    .waitFor();
const goOn = (page: Page) => page.locator("#kept button").first();

/** Changes the files that the browser keeps of the only training there is. */
const spoil = (page: Page, how: "checkpoint" | "files") =>
  page.evaluate(async (how) => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("trainings");
    for await (const folder of root.values()) {
      if (folder.kind !== "directory") continue;
      const name = how === "files" ? "about.json" : "checkpoint.safetensors";
      const handle = await folder.getFileHandle(name);
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      const file = await handle.createWritable();
      if (how === "checkpoint") {
        bytes[bytes.length - 100]! ^= 1;
        await file.write(bytes);
      } else {
        const about = JSON.parse(new TextDecoder().decode(bytes));
        await file.write(JSON.stringify({ ...about, hasFiles: false }));
      }
      await file.close();
    }
  }, how);

describePage("the page after a reload", (at) => {
  it("goes on with a training after a reload, to the bytes of one that was not interrupted", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page, faults } = opened;
    page.on("dialog", (dialog) => dialog.accept());
    expect(await page.locator("#kept").isVisible()).toBe(false);
    await begin(page);
    await epochReached(page, 3);
    await page.click("#pause");
    await kept(page);
    await reload(page);
    expect(await goOn(page).getAttribute("aria-label")).toMatch(
      new RegExp(`^Go on with the training of .*\\(epoch \\d+ of ${EPOCHS}\\)$`),
    );
    await goOn(page).click();
    expect(await page.locator("#kept").isVisible()).toBe(false);
    await epochReached(page, 30);
    // Hidden, as before it is closed.
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await kept(page);
    await reload(page);
    const epoch = Number(/epoch (\d+)/.exec(await text(page, "kept-list"))![1]);
    expect(epoch).toBeGreaterThanOrEqual(30);
    expect(epoch).toBeLessThan(EPOCHS);
    await goOn(page).click();
    await ended(page);
    expect(await text(page, "status-epoch")).toBe(`${EPOCHS} of ${EPOCHS}`);
    const { bytes } = await saved(page, "save-model");
    // A training that is complete is kept no longer.
    await reload(page);
    expect(await page.locator("#kept").isVisible()).toBe(false);
    await begin(page);
    await ended(page);
    expect((await saved(page, "save-model")).bytes.equals(bytes)).toBe(true);
    expect(faults).toEqual([]);
  }, 240_000);

  it("keeps a training that was stopped, asks for files that are not kept, and throws it away", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page } = opened;
    page.on("dialog", (dialog) => dialog.accept());
    await begin(page);
    await epochReached(page, 2);
    await page.click("#stop");
    await ended(page, "stopped");
    await page.locator("#kept").waitFor();
    await spoil(page, "files");
    await reload(page);
    expect(await text(page, "kept-list")).toContain(
      "Choose its pictures again first: 00.png, 01.png, 02.png and 17 others.",
    );
    await goOn(page).click();
    expect(await message(page, "train")).toMatch(/^Choose the files again .*: 00\.png/);
    expect(await page.evaluate(() => document.activeElement!.id)).toBe("training-pictures");
    await page.setInputFiles("#training-pictures", pictures);
    await goOn(page).click();
    await page.waitForFunction(() => /^\d/.test(document.getElementById("status-epoch")!.textContent!));
    await page.click("#stop");
    await ended(page, "stopped");
    await page.locator("#kept").waitFor();
    await spoil(page, "checkpoint");
    await reload(page);
    expect(await text(page, "kept-list")).toMatch(/^The training of .* is damaged/);
    await page.locator("#kept button").click();
    await page.locator("#kept").waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.activeElement!.id)).toBe("start");
    await reload(page);
    expect(await page.locator("#kept").isVisible()).toBe(false);
  }, 120_000);
});
