// Part of npm run build: src as scripts. build/esm has those that the package ships, build/edge files that stand for
// themselves: what bundlers make of the entries, by which sizes are measured, and what `denoise-wasm export --format edge` writes.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";
import { minify } from "terser";
import { writeText } from "./inlined.js";
import { writeThirdParty } from "./third-party.js";
import { writeWorkers } from "./workers.js";

const root = new URL("..", import.meta.url).pathname;
const wasm = "build/wasm/inference.wasm";
const common = {
  entryNames: "[name]",
  outdir: "build/esm",
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  // What is inlined becomes longer in ASCII. These scripts are modules, which are always UTF-8.
  charset: "utf8",
  logLevel: "warning",
};

/** The paths of all files that are in what is published. */
const inputs = [];

/** Bundles something that is published. */
async function bundle(options) {
  const result = await esbuild.build({ ...options, metafile: true });
  inputs.push(...Object.keys(result.metafile.inputs));
  return result;
}

/**
 * @param {readonly string[]} external the packages that stay imports; all others are bundled
 * @param {Readonly<Record<string, Readonly<Record<string, string>>>>} families by the file of build/models that holds their
 * weights, the names of models for "colour" and "grey" pictures
 * @param {boolean | undefined} quiet
 */
export async function writeBundles(external, families, quiet) {
  const workerScript = await writeWorkers(bundle, writeText);
  for (const folder of ["build/esm", "build/edge"]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  await writePackage(workerScript, external, families);
  await writeAlone(Object.values(families).flatMap(Object.values));
  writeThirdParty(inputs);
  if (quiet) return;
  for (const file of readdirSync("build/esm")) console.log(`build/esm/${file}`);
  for (const file of readdirSync("build/edge")) {
    const bytes = readFileSync(`build/edge/${file}`);
    console.log(`build/edge/${file}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

/** What the package ships. */
async function writePackage(workerScript, external, families) {
  // The files from which pages start workers: one for each worker, complete in itself, so that it can be copied.
  await bundle({ ...common, entryPoints: ["src/wasm/thread-worker.ts"] });
  writeFileSync("build/esm/denoiser-worker.js", workerScript);
  for (const name of ["thread-worker", "denoiser-worker"])
    writeFileSync(`build/esm/${name}.d.ts`, "export {};\n");
  // Weights are files of their own, which the entries of all runtimes share: they are most of what the package weighs.
  for (const [family, models] of Object.entries(families)) {
    copyFileSync(`build/models/${family}.js`, `build/esm/weights-${family}.js`);
    for (const [kind, name] of Object.entries(models)) writeModelEntry(name, family, kind);
  }

  // Code for denoising goes into two files, since each imported file makes a start a millisecond slower: what the entries for
  // files need too and is the same in every runtime, and the rest. What it loads only at need stays a file of its own.
  const forFiles = new Set(await reachedFrom("src/png.ts", "src/jpeg.ts"));
  const reached = await reachedFrom("src/index.ts");
  const shared = reached.filter((path) => forFiles.has(path));
  // The entries' own files: those with weights, and the list of what they export, since the shared files export all that they hold.
  const own = ["denoiser/photo", "denoiser/photo-models", "denoiser/photo-tiny", "denoising"];
  const inference = reached.filter(
    (path) => !shared.includes(path) && !own.includes(path.replace(/^src\/|\.ts$/g, "")),
  );
  shared.push("src/wasm/inlined.ts");
  const sharing = taking(shared, "./shared.js");
  await bundle({ ...common, ...all(shared, "shared.js") });
  await bundle({ ...common, ...all(inference, "inference.js"), plugins: [sharing, lazily] });
  const plugins = [sharing, taking(inference, "./inference.js"), weightsApart];
  await bundle({ ...common, entryPoints: ["src/index.ts", "src/tiny.ts"], plugins });
  await bundle({
    ...common,
    entryPoints: [
      "src/png.ts",
      "src/jpeg.ts",
      "src/browser.ts",
      "src/train.ts",
      "src/learn.ts",
      "src/node.ts",
      "src/cli/cli.ts",
      atNeed,
    ],
    splitting: true,
    plugins: [taking(["src/denoiser/photo.ts", "src/index.ts"], "./index.js"), ...plugins],
    external: ["node:*", ...external],
  });

  // The entries again that are not the same in runtimes that need the wasm as a separate file.
  for (const [condition, entries] of [
    ["workerd", ["index", "tiny"]],
    ["edge-light", ["index", "tiny", "png"]],
  ]) {
    await bundle({
      ...common,
      entryPoints: entries.map((name) => `src/${name}.ts`),
      entryNames: `[name].${condition}`,
      chunkNames: "edge-[hash]",
      splitting: true,
      plugins: [carrying(condition), sharing, weightsApart],
      external: ["./denoise.wasm*"],
    });
  }
  copyFileSync(wasm, "build/esm/denoise.wasm");
}

/** The module `denoise-wasm/NAME.safetensors`. */
function writeModelEntry(name, family, kind) {
  const path = `build/esm/${name}.safetensors`;
  writeFileSync(
    `${path}.js`,
    `import { bytesOf } from "./shared.js";\nimport { ${kind} } from "./weights-${family}.js";\n` +
      `export default /* @__PURE__ */ bytesOf(${kind});\n`,
  );
  writeFileSync(
    `${path}.d.ts`,
    `/** The bytes of the model file of ${name}, with weights in eight bits. */\n` +
      "declare const bytes: ReturnType<typeof Uint8Array.of>;\nexport default bytes;\n",
  );
}

/** Files that need no others beside them. */
async function writeAlone(models) {
  const edge = { ...common, outdir: "build/edge" };
  await bundle({ ...edge, entryPoints: { denoise: "src/index.ts" }, plugins: [carrying("none")] });
  await bundle({ ...edge, entryPoints: ["src/png.ts", "src/jpeg.ts"] });
  for (const name of ["denoise", "png", "jpeg"]) await squeeze(`build/edge/${name}.js`);
  copyFileSync("build/edge/denoise.js", "build/esm/denoise.js");
  copyFileSync(wasm, "build/edge/denoise.wasm");
  for (const name of models)
    copyFileSync(`build/models/${name}.safetensors`, `build/edge/${name}.safetensors`);
  for (const [name, file] of [
    ["photo", "denoise-all.js"],
    ["photo-tiny", "denoise-tiny-all.js"],
  ]) {
    const command = ["build/esm/cli.js", "export", name, "--format", "edge", "--out", `build/edge/${file}`];
    execFileSync(process.execPath, command);
  }
}

/** A bundle's options for a file that exports all that these sources export. */
const all = (sources, file) => ({
  outdir: undefined,
  outfile: `build/esm/${file}`,
  stdin: { contents: sources.map((path) => `export * from "./${path}";`).join("\n"), resolveDir: root },
});

const weightsApart = {
  name: "weights apart",
  setup(build) {
    build.onResolve({ filter: /\/build\/models\/[\w-]+\.js$/ }, ({ path }) => ({
      path: path.replace(/^.*\//, "./weights-"),
      external: true,
    }));
  },
};

const atNeed = "src/denoiser/team.ts";
const lazily = {
  name: "loading at need",
  setup(build) {
    build.onResolve({ filter: /\/team\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./team.js", external: true } : undefined,
    );
  },
};

/** The sources that entries import, directly or not, without the entries themselves. */
async function reachedFrom(...entries) {
  const { metafile } = await esbuild.build({
    ...common,
    entryPoints: entries,
    metafile: true,
    write: false,
    plugins: [lazily],
  });
  return Object.keys(metafile.inputs).filter((path) => path.startsWith("src/") && !entries.includes(path));
}

/** An esbuild plugin: imports of these sources become imports of the file that contains them. */
function taking(sources, file) {
  return {
    name: `taking from ${file}`,
    setup(build) {
      build.onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) =>
        sources.includes(relative(root, resolve(resolveDir, path)))
          ? { path: file, external: true }
          : undefined,
      );
    },
  };
}

/** Minifies a script a twentieth further than esbuild does, since the names of some inner properties are shortened too. */
async function squeeze(path) {
  const inner =
    /^(inputs|outputs|colors|distinct|black|step|weight|shrink|multiple|least|reach|level|inputRows|schedule|origin|down|right|details|brightness|clipped|natural|noiseless)$/;
  const { code } = await minify(readFileSync(path, "utf8"), {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
    mangle: { properties: { regex: inner, keep_quoted: true } },
    format: { ascii_only: false },
  });
  writeFileSync(path, code);
}

/**
 * An esbuild plugin: takes src/wasm/bundled.<twin>.ts in place of bundled.ts, no threads and no files, for "edge-light" also the zlib of that
 * runtime; "none" leaves out the weights as well.
 */
function carrying(twin) {
  return {
    name: `carrying ${twin}`,
    setup(build) {
      build.onResolve({ filter: /\/bundled\.ts$/ }, () => ({ path: `${root}src/wasm/bundled.${twin}.ts` }));
      build.onResolve({ filter: /\/lazy-team\.ts$/ }, () => ({
        path: `${root}src/denoiser/lazy-team.none.ts`,
      }));
      build.onResolve({ filter: /\/local-file\.ts$/ }, () => ({
        path: `${root}src/wasm/local-file.none.ts`,
      }));
      if (twin === "edge-light")
        build.onResolve({ filter: /\/zlib\.ts$/ }, () => ({
          path: `${root}src/pictures/zlib.edge-light.ts`,
        }));
      if (twin === "none") {
        build.onLoad({ filter: /build\/models\/.*\.js$/ }, () => ({
          contents: "export const colour = undefined, grey = undefined;",
        }));
      }
    },
  };
}
