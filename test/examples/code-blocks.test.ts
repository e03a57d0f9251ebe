/** The code blocks of README.md and docs run: those of a section one after the other, in a folder that has what they name. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { chromium as launcher, type Page } from "playwright";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRecipe, recipes } from "../../src/training/recipes.ts";
import { notRun, runs } from "../support/block-runs.ts";
import { chromium, chromiumArguments } from "../support/chromium.js";
import { type CodeBlock, codeBlocks, known, namesMissingIn, root } from "../support/code-blocks.ts";
import { writeDataFolder } from "../support/data-folder.ts";
import { type Started, serveFolder } from "../support/example-runs.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { normal } from "../support/networks.ts";
import { pictures as dataSet } from "../support/pictures.ts";
import { bun, deno, quietEnvironment } from "../support/runtimes.ts";
import { bundleWorker, startWorkerd } from "../support/workerd.ts";

const timeout = 240_000;
const [width, height] = [96, 80];
const onnxruntime = process.env.ONNXRUNTIME_WEB ?? join(root, "bench/peers/node_modules/onnxruntime-web");

/** What runs at once: a block, or of commands a line. Output that a page shows is no command. */
const unitsOf = ({ language, code }: CodeBlock): string[] => {
  const lines = code.split("\n").map((line) => line.replace(/\s+# .*/, ""));
  const isShown = lines.some((line) => line.startsWith("$ "));
  if (isShown) return lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
  return language === "sh" ? lines.filter((line) => line !== "") : [code];
};
const units = codeBlocks.flatMap((block) => unitsOf(block).map((code) => ({ block, code })));
/** The longest first, since one may begin with another. */
const begins = Object.keys(notRun).toSorted((a, b) => b.length - a.length);
/** How a unit that is not run begins, as the list says. */
const listed = (code: string) => begins.find((begin) => code.startsWith(begin));
const runOf = (code: string) => runs.find(({ block }) => code.includes(block));
const sections = [...new Set(codeBlocks.map(({ page, section }) => `${page}: ${section}`))];

describe("code blocks", () => {
  let folder: string;
  let server: Started;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-blocks-"));
    const template = join(folder, "template");
    const part = { left: 60, top: 60, width, height };
    const clean = sharp(`${root}data/photographs/parrots.png`).extract(part).removeAlpha();
    const pixels = await clean.raw().toBuffer();
    const raw = { width, height, channels: 3 as const };
    const picture = (stream: number, sigma: number) => {
      const noise = normal(pixels.length, stream, sigma);
      return sharp(
        Uint8ClampedArray.from(noise, (value, i) => value + pixels[i]!),
        { raw },
      );
    };
    const files = [
      "noisy.png",
      "noisy.jpg",
      "frames/1.png",
      "frames/2.png",
      "microscope/1.tif",
      "photos/1.png",
    ];
    const folders = [
      "photos",
      "faces",
      "others",
      "FOLDER",
      "FOLDER/Kodak24",
      "photos-train",
      "photos-detail",
    ];
    const more = folders.flatMap((name) => [1, 2, 3].map((number) => `${name}/clean${number}.jpg`));
    for (const [stream, name] of [...files, ...more].entries()) {
      await mkdir(join(template, name, ".."), { recursive: true });
      await picture(stream, name.includes("clean") ? 0 : 25).toFile(join(template, name));
    }
    await cp(join(template, "FOLDER"), join(template, "OTHER_FOLDER"), { recursive: true });
    // As many as a batch of the classic recipe has.
    const { train } = dataSet(100, [28, 28]);
    await writeDataFolder(join(template, "fashion-mnist"), [28, 28], {
      trainImages: gzipSync(idxBytes([100, 28, 28], train.data)),
      trainLabels: gzipSync(idxBytes([100], train.labels)),
    });
    await symlink(`${root}models`, join(template, "models"));
    await writeFile(join(template, "package.json"), '{ "type": "module" }');
    await mkdir(join(template, "node_modules"));
    await symlink(root, join(template, "node_modules/denoise-wasm"));
    await symlink(onnxruntime, join(template, "node_modules/onnxruntime-web"));
    // The command without npm, which takes a second to find it.
    await mkdir(join(template, "bin"));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${root}bin/denoise-wasm.js' "$@"\n`;
    await writeFile(join(template, "bin/npx"), npx, { mode: 0o755 });
    for (const [name, { path }] of Object.entries({ deno, bun }))
      if (path) await symlink(path, join(template, "bin", name));
    server = await serveFolder(template);
  }, timeout);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a program in a section's folder. @throws what it says, if it fails */
  async function execute(cwd: string, program: string, parameters: readonly string[]): Promise<void> {
    const env = {
      ...quietEnvironment,
      PATH: `${join(cwd, "bin")}:${process.env.PATH}`,
      FASHION_MNIST_DIR: join(cwd, "fashion-mnist"),
    };
    await promisify(execFile)(program, parameters, { cwd, env }).catch(({ message, stdout, stderr }) => {
      throw new Error(`${message}\n${stdout}\n${stderr}`);
    });
  }

  /** The block as it is run. */
  const changed = (code: string) =>
    (runOf(code)?.replace ?? []).reduce((text, [from, to]) => {
      expect(text).toContain(from);
      return text.replace(from, to.replace("$SERVER/", server.url));
    }, code);

  /** The block with what it needs before it, and what has to be true after it. */
  function completed(code: string): string {
    const text = changed(code);
    const before = namesMissingIn(text).map((name) => `const ${name} = ${known[name]!.value};`);
    return `${before.join("\n")}\n${text}\n${runOf(code)?.after ?? ""}\n`;
  }

  const nameOf = (code: string) => createHash("sha256").update(code).digest("hex").slice(0, 8);

  async function inNode(cwd: string, code: string): Promise<void> {
    const path = join(cwd, `${nameOf(code)}.mjs`);
    await writeFile(path, `import assert from "node:assert/strict";\n${completed(code)}`);
    await execute(cwd, process.execPath, [path]);
  }

  /** A script in a page of Chromium, bundled. */
  async function inPage(cwd: string, code: string): Promise<void> {
    const assert = 'const assert = { equal(a, b) { if (a !== b) throw new Error(a + " is not " + b); } };';
    await build({
      stdin: { contents: `${assert}\n${completed(code)}\ndocument.title = "done";`, resolveDir: cwd },
      bundle: true,
      format: "esm",
      outfile: join(cwd, "page.js"),
      preserveSymlinks: true,
      logLevel: "warning",
    });
    await writeFile(join(cwd, "index.html"), '<!doctype html><script type="module" src="page.js"></script>');
    await visit(cwd, (page) => page.waitForFunction(() => document.title === "done"));
  }

  /** A page whose user chooses a picture, in Chromium. */
  async function asPage(cwd: string, code: string): Promise<void> {
    await writeFile(join(cwd, "index.html"), code);
    await visit(cwd, async (page) => {
      await page.setInputFiles("input", join(cwd, "noisy.png"));
      await page.waitForFunction(() => document.querySelector("output")!.value !== "");
      expect(await page.evaluate(() => document.querySelector("canvas")!.width)).toBe(width);
    });
  }

  /** Opens index.html of a folder in Chromium. @throws what the page throws before `look` has seen enough */
  async function visit(cwd: string, look: (page: Page) => Promise<unknown>): Promise<void> {
    const served = await serveFolder(cwd);
    const browser = await launcher.launch({ executablePath: chromium!, args: [...chromiumArguments] });
    try {
      const page = await browser.newPage();
      const failed = new Promise((_, reject) => page.on("pageerror", reject));
      await page.goto(served.url);
      await Promise.race([look(page), failed]);
    } finally {
      await browser.close();
      await served.stop();
    }
  }

  /** In workerd, beside the files of build/edge. */
  async function inWorker(cwd: string, code: string): Promise<void> {
    for (const name of ["denoise.js", "denoise.wasm", "photo.safetensors"])
      await cp(`${root}build/edge/${name}`, join(cwd, "worker", name));
    const answer = `export default {
      async fetch() {
        const data = Uint8Array.from({ length: 48 }, (_, i) => 5 * i);
        const clean = await denoiser.denoise({ data, width: 4, height: 4, channels: 3 }, { sigma: 25 });
        return Response.json(clean.data.length);
      },
    };`;
    await writeFile(join(cwd, "worker/main.js"), `${code}\n${answer}`);
    const worker = await startWorkerd(join(cwd, "worker"), "main.js");
    try {
      expect(await (await fetch(worker.url)).json()).toBe(48);
    } finally {
      await worker.stop();
    }
  }

  /** The file worker.js of a section in workerd, bundled as wrangler does it. */
  async function asWorker(cwd: string): Promise<void> {
    await mkdir(join(cwd, "bundled"));
    await bundleWorker(join(cwd, "worker.js"), join(cwd, "bundled"));
    const worker = await startWorkerd(join(cwd, "bundled"));
    try {
      const post = async (body: Uint8Array<ArrayBuffer>) => fetch(worker.url, { method: "POST", body });
      const png = await post(new Uint8Array(readFileSync(join(cwd, "noisy.png"))));
      expect(await sharp(await png.arrayBuffer()).metadata()).toMatchObject({ format: "png", width, height });
      expect((await post(new Uint8Array(9))).status).toBe(400);
    } finally {
      await worker.stop();
    }
  }

  /** Written as the file that the page names, or held against what the tests have. */
  async function asJson(cwd: string, { code, file }: CodeBlock): Promise<void> {
    if (file) return writeFile(join(cwd, file), code);
    const { jest, noise } = JSON.parse(`{${code}}`);
    if (noise) return expect(parseRecipe({ ...recipes.photo, noise }).noise).toEqual(noise) as undefined;
    const projects = ["flag", "babel"].map((name) =>
      JSON.parse(readFileSync(`${root}test/examples/jest/${name}.json`, "utf8")),
    );
    expect(projects).toContainEqual(jest);
  }

  it("each is run, or in the list of those that are not", () => {
    for (const begin of begins)
      expect([begin, units.filter(({ code }) => listed(code) === begin).length]).toEqual([begin, 1]);
    for (const { block } of runs)
      expect([block, units.filter(({ code }) => code.includes(block)).length]).toEqual([block, 1]);
    const kinds = new Set(units.filter(({ code }) => !listed(code)).map(({ block }) => block.language));
    expect(kinds).toEqual(new Set(["ts", "js", "sh", "json", "html", ""]));
  });

  const inSection = (section: string) =>
    units.filter(({ block, code }) => `${block.page}: ${block.section}` === section && !listed(code));
  const running = sections.filter((section) => inSection(section).length > 0);
  const lacks = (section: string) => {
    const text = inSection(section).map(({ code }) => code);
    if (!chromium && text.some((code) => code.includes("denoise-wasm/browser")))
      return " (skipped: no Chromium; set CHROMIUM to it)";
    if (!existsSync(onnxruntime) && text.some((code) => code.includes("onnxruntime-web")))
      return " (skipped: not installed; set ONNXRUNTIME_WEB to its folder)";
    for (const { path, name, title } of [deno, bun])
      if (!path && text.some((code) => code.startsWith(`${name.toLowerCase()} `)))
        return title.slice(name.length);
    return "";
  };
  for (const section of running) {
    it.skipIf(lacks(section))(
      section + lacks(section),
      async () => {
        const cwd = await mkdtemp(join(folder, "section-"));
        await cp(join(folder, "template"), cwd, { recursive: true, verbatimSymlinks: true });
        for (const { block, code } of inSection(section)) {
          const [, file] = /^\/\/ ([\w-]+\.js)\n/.exec(code) ?? [];
          if (file) await writeFile(join(cwd, file), code);
          const isScript = block.language === "ts" || block.language === "js";
          if (block.language === "json") await asJson(cwd, block);
          else if (block.language === "html") await asPage(cwd, code);
          else if (!isScript) await execute(cwd, "sh", ["-c", changed(code)]);
          else if (code.includes("denoise-wasm/browser")) await inPage(cwd, code);
          else if (code.includes('"./denoise.wasm"')) await inWorker(cwd, code);
          else if (file === "worker.js") await asWorker(cwd);
          else if (file)
            continue; // The commands that follow run it.
          else await inNode(cwd, code);
        }
      },
      timeout,
    );
  }
});
