/** Runs the suite of verdicts in every runtime that is found. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EdgeVM } from "@edge-runtime/vm";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { chromium as launcher } from "playwright";
import { concatenate } from "./bytes.ts";
import { chromium, chromiumArguments } from "./chromium.js";
import { serveFolder } from "./example-runs.ts";
import { quietEnvironment, type Runtime, runtimes } from "./runtimes.ts";
import { bundleWorker, startWorkerd } from "./workerd.ts";

const built = fileURLToPath(new URL("../../build/esm/", import.meta.url));
const suite = fileURLToPath(new URL("./verdict-suite.js", import.meta.url));

/** A place that the suite can run in. */
export interface Place {
  readonly name: string;
  /** What a test in it is called: says so where it is skipped. */
  readonly title: string;
  readonly isFound: boolean;
  /** The suite's verdicts on the files that it was bundled with. */
  readonly run: (folder: string) => Promise<string[]>;
}

const inProgram = ({ name, title, path, arguments: before }: Runtime): Place => ({
  name,
  title,
  isFound: path !== undefined,
  async run(folder) {
    const { stdout } = await promisify(execFile)(path!, [...before, join(folder, "site", "print.js")], {
      cwd: folder,
      env: quietEnvironment,
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout);
  },
});

const inWorkerd: Place = {
  name: "workerd",
  title: "workerd",
  isFound: true,
  async run(folder) {
    const worker = await startWorkerd(join(folder, "worker"));
    try {
      const response = await fetch(worker.url);
      if (response.status !== 200) throw new Error(worker.messages());
      return (await response.json()) as string[];
    } finally {
      await worker.stop();
    }
  },
};

/** The runtime of Next.js and Vercel, for which the package has bundles of their own. */
const inEdgeLight: Place = {
  name: "edge-light",
  title: "edge-light",
  isFound: true,
  async run(folder) {
    const runtime = new EdgeVM();
    runtime.evaluate(await readFile(join(folder, "edge", "page.js"), "utf8"));
    return JSON.parse(await runtime.evaluate("verdicts().then(JSON.stringify)"));
  },
};

const inChromium: Place = {
  name: "Chromium",
  title: chromium ? "Chromium" : "Chromium (skipped: not found; set CHROMIUM to its path)",
  isFound: chromium !== undefined,
  async run(folder) {
    const site = await serveFolder(join(folder, "site"));
    const browser = await launcher.launch({ executablePath: chromium!, args: [...chromiumArguments] });
    try {
      const page = await browser.newPage();
      await page.goto(site.url);
      return await page.evaluate(() =>
        (globalThis as unknown as { verdicts(): Promise<string[]> }).verdicts(),
      );
    } finally {
      await browser.close();
      await site.stop();
    }
  },
};

export const places: readonly Place[] = [...runtimes.map(inProgram), inWorkerd, inEdgeLight, inChromium];

/** Bundles the suite with files. @returns the folder, and how to remove it */
export async function bundleSuite(
  files: readonly Uint8Array[],
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-verdicts-"));
  const parts = files.flatMap((file) => [new Uint8Array(Uint32Array.of(file.length).buffer), file]);
  await writeFile(join(folder, "files.bin"), concatenate(parts));
  const filesAt: Plugin = {
    name: "files",
    setup({ onResolve }) {
      onResolve({ filter: /files\.bin$/ }, () => ({ path: join(folder, "files.bin") }));
    },
  };
  const start = (name: string, text: string) =>
    writeFile(join(folder, name), `import { verdicts } from ${JSON.stringify(suite)};\n${text}`);
  await start("print.js", "console.log(JSON.stringify(await verdicts()));");
  await start("page.js", "globalThis.verdicts = verdicts;");
  await start("answer.js", "export default { fetch: async () => Response.json(await verdicts()) };");
  const common: BuildOptions = {
    bundle: true,
    platform: "neutral",
    target: "es2022",
    plugins: [filesAt],
    loader: { ".bin": "binary" },
    logLevel: "warning",
  };
  const withPng = (png: string) => ({
    "denoise-wasm/png": join(built, png),
    "denoise-wasm/jpeg": join(built, "jpeg.js"),
  });
  await build({
    ...common,
    entryPoints: [join(folder, "print.js"), join(folder, "page.js")],
    outdir: join(folder, "site"),
    format: "esm",
    alias: withPng("png.js"),
  });
  await build({
    ...common,
    entryPoints: [join(folder, "page.js")],
    outdir: join(folder, "edge"),
    format: "iife",
    alias: withPng("png.edge-light.js"),
  });
  await mkdir(join(folder, "worker"));
  await bundleWorker(join(folder, "answer.js"), join(folder, "worker"), [filesAt]);
  await writeFile(join(folder, "site", "index.html"), '<script type="module" src="page.js"></script>');
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
