/** The page in Firefox: denoising, and training to the losses that Node has. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { recipes } from "../../src/training/recipes.ts";
import { train } from "../../src/training/trainer.ts";
import { serve } from "../../web/server.js";
import { FirefoxPage, firefox } from "../support/firefox.ts";

describe.skipIf(!firefox)(
  firefox ? "the page in Firefox" : "the page in Firefox (skipped: not found; set FIREFOX to its path)",
  () => {
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      server = await serve({ port: 0 });
    });
    afterAll(() => server.close());

    it("denoises the sample as it opens, on several threads, without a fault", async () => {
      await using page = await FirefoxPage.open(`${server.url}#denoise`);
      await expect.poll(() => page.evaluate("performance.getEntriesByName('denoised').length"), late).toBe(1);
      expect(await page.evaluate("crossOriginIsolated")).toBe(true);
      const psnr = async (name: string) =>
        Number.parseFloat(String(await page.evaluate(`document.getElementById("${name}-psnr").textContent`)));
      await expect.poll(() => psnr("denoised"), late).toBeGreaterThan((await psnr("noisy")) + 5);
      expect(page.faults).toEqual([]);
    });

    it("trains to Node's losses", async () => {
      const data = await loadFashionMnistFrom(fileURLToPath(new URL("../../data", import.meta.url)));
      const expected: number[] = [];
      const recipe = { ...recipes["fashion-autoencoder"], epochs: 3 };
      for await (const { loss } of train(recipe, data, { seed: 1, threads: 1 })) expected.push(loss);

      await using page = await FirefoxPage.open(`${server.url}#train`);
      await page.evaluate(`(() => {
        const set = (id, value) => {
          const field = document.getElementById(id);
          field.value = value;
          field.dispatchEvent(new Event("input", { bubbles: true }));
          field.dispatchEvent(new Event("change", { bubbles: true }));
        };
        set("recipe", "fashion-autoencoder");
        set("epochs", "3");
        document.getElementById("start").click();
      })()`);
      const losses = () =>
        page.evaluate("performance.getEntriesByName('epoch').map(({ detail }) => detail.loss)");
      await expect.poll(losses, late).toEqual(expected);
      await expect
        .poll(() => page.evaluate("document.getElementById('status-build').textContent"), late)
        .toBe("simd, 1 thread");
      expect(page.faults).toEqual([]);
    });
  },
);

/** Firefox takes its time on a machine that has much else to do. */
const late = { timeout: 60_000, interval: 200 };
