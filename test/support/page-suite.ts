/** Tests of the built page. Those of a file share a browser and a server. */
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe } from "vitest";
import { serve } from "../../web/server.js";
import { chromium } from "./chromium.js";
import { launch } from "./open-page.ts";

/** Where the page is open to the tests, once they run. */
export interface PageSuite {
  readonly browser: Browser;
  readonly url: string;
}

/**
 * A group of tests of the page in Chromium. Where there is none, they are skipped, and their title says so.
 * @param flags of Chromium
 */
export function describePage(
  title: string,
  suite: (at: PageSuite) => void,
  ...flags: readonly string[]
): void {
  describe.skipIf(!chromium)(chromium ? title : `${title} (skipped: no Chromium)`, () => {
    let browser: Browser | undefined;
    let server: Awaited<ReturnType<typeof serve>> | undefined;
    beforeAll(async () => {
      [browser, server] = await Promise.all([launch(...flags), serve({ port: 0 })]);
    });
    afterAll(() => Promise.all([browser?.close(), server?.close()]));
    suite({
      get browser() {
        return browser!;
      },
      get url() {
        return server!.url;
      },
    });
  });
}
