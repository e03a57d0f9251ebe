// Part of npm run build: writes build/workers, the scripts of the workers that denoise, as texts. Workers are made from these
// texts where a script need not be a file.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {typeof import("esbuild").build} bundle
 * @param {(path: string, text: string) => void} writeText
 * @returns {Promise<string>} the script of a page's worker
 */
export async function writeWorkers(bundle, writeText) {
  const common = {
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    write: false,
    logLevel: "warning",
  };
  mkdirSync("build/workers", { recursive: true });
  const helper = await bundle({
    ...common,
    entryPoints: ["src/denoiser/helper-main.ts"],
    globalName: "helper",
  });
  writeText("build/workers/helper", helper.outputFiles[0].text);
  const denoiser = await bundle({
    ...common,
    entryPoints: ["src/denoiser/denoiser-worker.ts"],
    plugins: [codeOnly],
  });
  const { text } = denoiser.outputFiles[0];
  writeText("build/workers/denoiser", text);
  return text;
}

/** An esbuild plugin: what the page sends to its worker, and what only other runtimes need, is left out. */
const codeOnly = {
  name: "code only",
  setup(build) {
    build.onResolve({ filter: /\/(bundled|local-file)\.ts$/ }, ({ path }) => ({
      path: `${root}src/wasm/${path.replace(/^.*\/(.*)\.ts$/, "$1.none.ts")}`,
    }));
    build.onLoad({ filter: /build\/workers\/helper\.js$/ }, () => ({ contents: 'export default "";' }));
  },
};
