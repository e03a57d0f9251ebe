/** The site of the documentation, as `npm run site` builds it, in Chromium. That links lead somewhere, the build itself checks. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import axe from "axe-core";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium } from "../support/chromium.js";
import { type Started, serveFolder } from "../support/example-runs.ts";
import { launch } from "../support/open-page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const site = join(root, "build/site");

describe.skipIf(!chromium)(
  chromium ? "the site" : "the site (skipped: no Chromium; set CHROMIUM to it)",
  () => {
    let server: Started;
    let browser: Browser;
    beforeAll(async () => {
      await promisify(execFile)(process.execPath, ["scripts/site.js"], { cwd: root });
      server = await serveFolder(site);
      browser = await launch();
    }, 900_000);
    afterAll(async () => {
      await browser?.close();
      await server?.stop();
    });

    const kinds: [what: string, path: string][] = [
      ["the start page", "index.html"],
      ["a page of docs", "documents/docs_getting-started.html"],
      ["an example", "documents/examples_queue_README.html"],
      ["a function", "functions/index.createDenoiser.html"],
      ["a source file", "media/conv3x3.ts.html#L40"],
    ];
    for (const colorScheme of ["light", "dark"] as const) {
      it.each(kinds)(
        `${colorScheme}: %s breaks no rule of axe, and asks no other host`,
        async (_, path) => {
          const page = await browser.newPage({ colorScheme });
          const outside: string[] = [];
          page.on("request", (request) => {
            if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url))
              outside.push(request.url());
          });
          await page.goto(server.url + path, { waitUntil: "networkidle" });
          await page.evaluate(axe.source);
          // typedoc's navigation has links to modules in the summaries that unfold them.
          const rules = { "nested-interactive": { enabled: false } };
          const violations = await page.evaluate(
            async (rules) =>
              (await (globalThis as unknown as { axe: typeof axe }).axe.run({ rules })).violations,
            rules,
          );
          await page.close();
          const nodes = violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`),
          );
          expect(nodes).toEqual([]);
          expect(outside).toEqual([]);
        },
        240_000,
      );
    }

    it("says of every page what it is about, and of every picture how large it is", () => {
      const names = readdirSync(site, { recursive: true, encoding: "utf8" });
      const pages = names.filter((name) => name.endsWith(".html"));
      expect(pages.length).toBeGreaterThan(300);
      for (const name of pages) {
        const html = readFileSync(join(site, name), "utf8");
        const [, description] = /<meta name="description" content="([^"]*)"/.exec(html) ?? [];
        expect([name, description]).toEqual([
          name,
          expect.stringMatching(/^(?!Documentation for).{12,160}$/),
        ]);
        for (const [picture] of html.matchAll(/<img[^>]*>/g))
          expect([name, picture]).toEqual([
            name,
            expect.stringMatching(/ width="\d+" height="\d+" loading="lazy"/),
          ]);
      }
      // Web servers send .ts as video.
      expect(names.filter((name) => name.endsWith(".ts"))).toEqual([]);
    });
  },
);
