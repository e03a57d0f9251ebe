import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromium, chromiumArguments } from "./test/chromium.js";

const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  // What a page needs to share memory with its workers.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    globalSetup: "test/global-setup.ts",
    projects: [
      {
        extends: true,
        test: { name: "node", include: ["test/**/*.test.ts"], exclude: ["test/browser/**"], ...timeouts },
      },
      // The suites of kernels and training once more, in a page; test/page.test.ts says where there is no browser.
      ...(chromium
        ? [
            {
              extends: true as const,
              test: {
                name: "chromium",
                include: [
                  ...["kernels", "network", "gradients", "trainer", "resume", "random", "specs"].map(
                    (suite) => `test/${suite}.test.ts`,
                  ),
                  "test/browser/*.test.ts",
                ],
                ...timeouts,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({
                    launchOptions: { executablePath: chromium, args: chromiumArguments },
                  }),
                  instances: [{ browser: "chromium" as const }],
                },
              },
            },
          ]
        : []),
    ],
  },
});
