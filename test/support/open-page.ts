/** The built page in Chromium, and what is looked at there. */
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { type Browser, type BrowserContextOptions, chromium as launcher, type Page } from "playwright";
import { chromium, chromiumArguments } from "./chromium.js";
import { idxBytes } from "./idx-bytes.ts";
import { pictures } from "./pictures.ts";
import { pngOf } from "./png-bytes.ts";

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the console or thrown, answers that are no success, requests to another host. */
  readonly faults: readonly string[];
}

/** What a page noticed of itself. */
export interface Noticed {
  /** Elements that moved although nobody had touched anything for half a second. */
  readonly shifts: readonly string[];
}

export function launch(...more: string[]): Promise<Browser> {
  return launcher.launch({ executablePath: chromium!, args: [...chromiumArguments, ...more] });
}

/** Opens a part of the page in a context of its own, which is closed when the result is disposed of. */
export async function openPage(
  browser: Browser,
  url: string,
  part: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  // As long as a test may take: pages are slow on a machine that has much else to do.
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on("console", (message) => {
    if (options.serviceWorkers === "block" && /^Service Worker registration blocked/.test(message.text()))
      return;
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) faults.push(request.url());
  });
  page.on("response", (response) => {
    if (!response.ok() && response.status() !== 304) faults.push(`${response.status()} ${response.url()}`);
  });
  await page.addInitScript(() => {
    interface Shift extends PerformanceEntry {
      readonly hadRecentInput: boolean;
      readonly sources: readonly {
        readonly node: Node | null;
        readonly previousRect: DOMRect;
        readonly currentRect: DOMRect;
      }[];
    }
    const shifts: string[] = [];
    Object.assign(globalThis, { noticed: { shifts } });
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, sources } of list.getEntries() as Shift[]) {
        const nameOf = (node: Node | null) => {
          const { id, className, nodeName } = (node ?? {}) as Partial<Element>;
          return id || className || nodeName;
        };
        const place = ({ x, y, width, height }: DOMRect) => `${x},${y} ${width}×${height}`;
        const moves = sources.map(
          ({ node, previousRect, currentRect }) =>
            `${nameOf(node)}: ${place(previousRect)} → ${place(currentRect)}`,
        );
        if (!hadRecentInput) shifts.push(moves.join("; "));
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(`${url}#${part}`);
  // Without WebAssembly or a server, no part but the first one comes.
  if (url.startsWith("http")) await page.locator(`#${part.split("&")[0]}`).waitFor();
  if (part === "train") await showAllSettings(page);
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Unfolds the settings of a training that most people leave as they are. */
export async function showAllSettings(page: Page): Promise<void> {
  const summary = page.locator("#recipe-form details:not([open]) summary");
  if (await summary.isVisible()) await summary.click();
}

/** Goes to another part, whose code may have to be loaded first. */
export async function goTo(page: Page, part: string): Promise<void> {
  await page.click(`#tab-${part}`);
  await page.locator(`#${part}`).waitFor();
  if (part === "train") await showAllSettings(page);
}

export function noticed(page: Page): Promise<Noticed> {
  return page.evaluate(() => (globalThis as unknown as { noticed: Noticed }).noticed);
}

/** Forgets what moved up to now, once the page has told of all of it. */
export function forgetShifts(page: Page): Promise<void> {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    (globalThis as unknown as { noticed: { shifts: string[] } }).noticed.shifts.length = 0;
  });
}

export function text(page: Page, id: string): Promise<string> {
  return page.locator(`#${id}`).innerText();
}

/** Until a training has ended. */
export async function ended(page: Page, how: "done" | "stopped" | "failed" = "done"): Promise<void> {
  await page.waitForFunction((how) => document.getElementById("status-left")!.textContent === how, how);
}

/** Until so many epochs have been shown. */
export async function epochsShown(page: Page, count: number): Promise<void> {
  await page.waitForFunction((count) => performance.getEntriesByName("epoch").length >= count, count);
}

/** Until so many pictures were denoised since the page was opened. */
export async function denoised(page: Page, count = 1): Promise<void> {
  await page.waitForFunction((count) => performance.getEntriesByName("denoised").length >= count, count);
}

/** Until "Inside" has shown a picture's way through the network so many times. */
export async function wayShown(page: Page, count = 1): Promise<void> {
  await page.waitForFunction((count) => performance.getEntriesByName("way").length >= count, count);
}

/** A part's message, once it matches. */
export async function message(page: Page, part: string, about = /./): Promise<string> {
  const element = page.locator(`#${part}-message`).filter({ hasText: about });
  await element.waitFor();
  return element.innerText();
}

/** Presses a button and takes the file that the browser stores. */
export async function saved(page: Page, id: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The checkpoint of a training that has been told to pause, once it rests: when two in a row are the same. */
export async function restingCheckpoint(page: Page): Promise<{ name: string; bytes: Buffer }> {
  for (let before = await saved(page, "save-checkpoint"); ; ) {
    const now = await saved(page, "save-checkpoint");
    if (now.bytes.equals(before.bytes)) return now;
    before = now;
  }
}

/** The argument with which the browser measures memory at once. */
export const measuringMemory = "--enable-blink-features=ForceEagerMeasureMemory";

/** The tab's memory in bytes, after everything that can be collected was. */
export function memory(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const measured = performance as unknown as {
      measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
    };
    return (await measured.measureUserAgentSpecificMemory()).bytes;
  });
}

/** A canvas's picture. */
export function pixelsOf(page: Page, selector: string): Promise<string> {
  return page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** A PNG file of black and white pixels, a bit each, to choose in the page. */
export function pngFile(
  name: string,
  [width, height]: readonly [width: number, height: number],
  isWhite: (x: number, y: number) => boolean = () => false,
  greyAt?: (x: number, y: number) => number,
) {
  const stride = 1 + (greyAt ? width : Math.ceil(width / 8));
  const rows = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (greyAt) rows[y * stride + 1 + x] = greyAt(x, y);
      else if (isWhite(x, y)) rows[y * stride + 1 + (x >> 3)]! |= 128 >> (x & 7);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = greyAt ? 8 : 1;
  const bytes = pngOf([
    ["IHDR", header],
    ["IDAT", deflateSync(rows)],
    ["IEND", new Uint8Array(0)],
  ]);
  return { name, mimeType: "image/png", buffer: Buffer.from(bytes) };
}

/** Four IDX files of 28×28 pictures, to choose in the page. */
export function idxFiles(trainingImages: number, testImages: number) {
  const side = 28;
  return Object.entries({ train: trainingImages, t10k: testImages }).flatMap(([set, count]) => {
    const { data, labels } = pictures(count, [side, side]).train;
    const file = (kind: string, bytes: Uint8Array) => ({
      name: `${set}-${kind}-ubyte`,
      mimeType: "",
      buffer: Buffer.from(bytes),
    });
    return [
      file("images-idx3", idxBytes([count, side, side], data)),
      file("labels-idx1", idxBytes([count], labels)),
    ];
  });
}
