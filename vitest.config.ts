import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromium, chromiumArguments } from "./test/support/chromium.js";

const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };
/** The suites of networks. With DENOISE_GUARDED they run with guard zones between all buffers instead of without. */
const guardable = [
  "test/network/{network,conv-network,gradients,reference,specs}.test.ts",
  "test/training/{trainer,resume,patches}.test.ts",
  "test/wasm/threads.test.ts",
  "test/learning/*.test.ts",
];
const guarded = Boolean(process.env.DENOISE_GUARDED);

export default defineConfig({
  // What a page needs to share memory with its workers.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    globalSetup: "test/support/global-setup.ts",
    // What runs in Node itself is counted: commands and workers are processes and bundles of their own.
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reportsDirectory: "test/.output/coverage",
      thresholds: { lines: 92, branches: 85 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.browser.test.ts", "test/web/**", ...(guarded ? guardable : [])],
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
          ...timeouts,
        },
      },
      // The built page in browsers, which denoises on all cores.
      {
        extends: true,
        test: {
          name: "page",
          include: ["test/web/**/*.test.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...timeouts,
        },
      },
      ...(guarded
        ? [
            {
              extends: true as const,
              test: {
                name: "guarded",
                include: guardable,
                maxWorkers: "100%",
                setupFiles: "test/support/guarded-setup.ts",
                sequence: { groupOrder: 2 },
                ...timeouts,
              },
            },
          ]
        : []),
      // The suites of kernels and training once more, in a page; test/web/page.test.ts says where there is no browser.
      ...(chromium
        ? [
            {
              extends: true as const,
              test: {
                name: "chromium",
                include: [
                  "test/dense/kernels.test.ts",
                  "test/network/{network,gradients,specs}.test.ts",
                  "test/training/{trainer,resume}.test.ts",
                  "test/noise/random.test.ts",
                  "test/**/*.browser.test.ts",
                ],
                maxWorkers: "100%",
                sequence: { groupOrder: 3 },
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
