/** Tests in Chromium, and of the built page there. Those of a group share a browser and a server. */
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe } from "vitest";
import { serve } from "../../web/server.js";
import { chromium } from "./chromium.js";
import { launch } from "./open-page.ts";

/** What the tests use, once they run. */
export interface BrowserSuite {
  readonly browser: Browser;
}

/** The same, and where the page is. */
export interface PageSuite extends BrowserSuite {
  readonly url: string;
}

/**
 * A group of tests in Chromium. Where there is none, they are skipped, and their title says so.
 * @param flags of Chromium
 */
export function describeInChromium(
  title: string,
  suite: (at: BrowserSuite) => void,
  ...flags: readonly string[]
): void {
  const lacks = " (skipped: no Chromium; set CHROMIUM to it)";
  describe.skipIf(!chromium)(chromium ? title : title + lacks, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await launch(...flags);
    });
    afterAll(() => browser?.close());
    suite({
      get browser() {
        return browser!;
      },
    });
  });
}

/** A group of tests of the page: see `describeInChromium`. */
export function describePage(
  title: string,
  suite: (at: PageSuite) => void,
  ...flags: readonly string[]
): void {
  const withServer = (at: BrowserSuite) => {
    let server: Awaited<ReturnType<typeof serve>> | undefined;
    beforeAll(async () => {
      server = await serve({ port: 0 });
    });
    afterAll(() => server?.close());
    suite({
      get browser() {
        return at.browser;
      },
      get url() {
        return server!.url;
      },
    });
  };
  describeInChromium(title, withServer, ...flags);
}
