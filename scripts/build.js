// npm run build: generates the tiles and the walker's calls in build/assembly, and builds assembly into build/wasm, the
// weights into build/models, the code of workers that are made from text into build/workers, src into build/esm and
// build/edge, and the type declarations into build/types.
// --quiet: prints nothing. --no-types: leaves the declarations out. --if-changed: does nothing if the last build was made
// from the same sources and everything that it wrote is still there. --if-installed: does nothing if the packages are not
// installed. npm runs the build in that state too, when `npx denoise-wasm` is run in a fresh clone, and would remember a
// failure.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { deflateRawSync, gzipSync } from "node:zlib";
import { hashOf, isCurrent, writeStamp } from "./stamp.js";

const { values: flags } = parseArgs({
  options: {
    quiet: { type: "boolean" },
    "no-types": { type: "boolean" },
    "if-changed": { type: "boolean" },
    "if-installed": { type: "boolean" },
  },
});
const root = new URL("..", import.meta.url).pathname;
process.chdir(root);
if (flags["if-installed"] && !existsSync("node_modules/assemblyscript")) process.exit();

const stamp = "build/stamp.json";
/** Everything that the result depends on. The lock file stands for the packages. */
const sources = [
  "assembly",
  "src",
  "models",
  "scripts",
  "asconfig.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.types.json",
];
const built = ["build/assembly", "build/wasm", "build/models", "build/workers", "build/esm", "build/edge"];
if (!flags["no-types"]) built.push("build/types");
if (flags["if-changed"] && isCurrent(stamp, sources, built)) process.exit();
const before = hashOf(sources);
// A build that fails leaves no stamp. The compilers are loaded only now, so that the check above is quick.
rmSync(stamp, { force: true });
const { default: asc } = await import("assemblyscript/asc");
const { default: esbuild } = await import("esbuild");
const { minify } = await import("terser");
const { writeOperations } = await import("./operations.js");
const { writeTiles } = await import("./tiles.js");
const { writeThirdParty } = await import("./third-party.js");
const { writeWorkers } = await import("./workers.js");

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const targets = Object.keys(JSON.parse(readFileSync("asconfig.json", "utf8")).targets);
writeTiles();
mkdirSync("build/wasm", { recursive: true });
await writeOperations();
for (const target of targets) {
  const { error, stderr } = await asc.main([
    entryOf(target),
    "--config",
    "asconfig.json",
    "--target",
    target,
  ]);
  if (error) {
    process.stderr.write(stderr.toString());
    process.exit(1);
  }
  // The wasm is inlined in a script, so that no bundler and no runtime has to find a second file.
  const bytes = readFileSync(`build/wasm/${target}.wasm`);
  writeInlined(`build/wasm/${target}`, bytes);
  if (!flags.quiet) console.log(`build/wasm/${target}.wasm  ${bytes.length} bytes`);
}

// The weights that come with the package: as int8, and inlined like the wasm. createDenoiser uses "photo" if it is given none.
const models = ["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "fashion-conv"];
mkdirSync("build/models", { recursive: true });
/** By name, what a denoiser needs of a model file. */
const bareModels = new Map();
for (const name of models) {
  const { file, bare } = await quantized(`models/${name}.safetensors`);
  writeFileSync(`build/models/${name}.safetensors`, file);
  writeInlined(`build/models/${name}`, bare);
  bareModels.set(name, bare);
}

/** The paths of all files that are in what is published. */
const inputs = [];
/** Bundles something that is published. */
async function bundle(options) {
  const result = await esbuild.build({ ...options, metafile: true });
  inputs.push(...Object.keys(result.metafile.inputs));
  return result;
}
const workerScript = await writeWorkers(bundle, (path, text) => writeText(path, text, "string"));

/** The entries for denoising. They use no files, no packages and nothing of Node. */
const entries = ["src/index.ts", "src/tiny.ts", "src/png.ts", "src/jpeg.ts"];
rmSync("build/esm", { recursive: true, force: true });
const common = {
  entryNames: "[name]",
  outdir: "build/esm",
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  logLevel: "warning",
};
// The files from which pages start workers: one for each worker, complete in itself, so that it can be copied.
await bundle({ ...common, entryPoints: ["src/wasm/thread-worker.ts"] });
writeFileSync("build/esm/denoiser-worker.js", workerScript);
for (const name of ["thread-worker", "denoiser-worker"])
  writeFileSync(`build/esm/${name}.d.ts`, "export {};\n");
// Weights are files of their own, which the entries of all runtimes share: they are most of what the package weighs. All code for
// denoising goes into one file, since each imported file makes a start a millisecond slower. What it loads only at need stays a
// file of its own.
const weightsApart = {
  name: "weights apart",
  setup(build) {
    build.onResolve({ filter: /\/build\/models\/[\w-]+\.js$/ }, ({ path }) => ({
      path: path.replace(/^.*\//, "./weights-"),
      external: true,
    }));
  },
};
for (const name of models) copyFileSync(`build/models/${name}.js`, `build/esm/weights-${name}.js`);
const atNeed = "src/denoiser/team.ts";
const lazily = {
  name: "loading at need",
  setup(build) {
    build.onResolve({ filter: /\/team\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./team.js", external: true } : undefined,
    );
  },
};
const reached = await reachedFrom("src/index.ts");
// The entries' own files: those with weights, and the list of what they export, since the shared file exports all that it holds.
const apart = ["denoiser/photo", "denoiser/photo-models", "denoiser/photo-tiny", "denoising"];
const shared = reached.filter((path) => !apart.includes(path.replace(/^src\/|\.ts$/g, "")));
await bundle({
  ...common,
  outdir: undefined,
  outfile: "build/esm/inference.js",
  stdin: { contents: shared.map((path) => `export * from "./${path}";`).join("\n"), resolveDir: root },
  plugins: [lazily],
});
const plugins = [taking(shared, "./inference.js")];
await bundle({
  ...common,
  entryPoints: ["src/index.ts", "src/tiny.ts"],
  plugins: [...plugins, weightsApart],
});
plugins.push(taking(["src/denoiser/photo.ts", "src/index.ts"], "./index.js"), weightsApart);
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
  plugins,
  // The dependencies in package.json stay imports; all other packages are bundled.
  external: ["node:*", ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })],
});
if (!flags.quiet) for (const file of readdirSync("build/esm")) console.log(`build/esm/${file}`);

// The entries for denoising again, for runtimes that need the wasm as a separate file.
const lean = { ...common, minify: true };
const wasm = "build/wasm/inference.wasm";
for (const condition of ["workerd", "edge-light"]) {
  await bundle({
    ...lean,
    entryPoints: entries,
    entryNames: `[name].${condition}`,
    splitting: true,
    plugins: [carrying(condition), weightsApart],
    external: ["./denoise.wasm*"],
  });
}
copyFileSync(wasm, "build/esm/denoise.wasm");

/** An esbuild plugin: what is inlined is deflated before. */
const deflating = {
  name: "deflating",
  setup(build) {
    build.onResolve({ filter: /\/inlined\.ts$/ }, () => ({ path: `${root}src/wasm/inlined.deflated.ts` }));
    const loading = (filter, bytesOf) =>
      build.onLoad({ filter }, ({ path }) => {
        const deflated = deflateRawSync(bytesOf(basename(path, ".js")), { level: 9 });
        return { contents: `export default "${deflated.toString("base64")}";` };
      });
    loading(/build\/models\/[\w-]+\.js$/, (name) => bareModels.get(name));
    loading(/build\/wasm\/[\w-]+\.js$/, (name) => readFileSync(`build/wasm/${name}.wasm`));
  },
};
// Files to be copied by hand: script, wasm and weights, and all three in one file.
rmSync("build/edge", { recursive: true, force: true });
const edge = { ...lean, outdir: "build/edge", charset: "utf8" };
await bundle({ ...edge, entryPoints: { denoise: "src/index.ts" }, plugins: [carrying("none")] });
const complete = { "denoise-all": "src/index.ts", "denoise-tiny-all": "src/tiny.ts" };
await bundle({ ...edge, entryPoints: complete, plugins: [deflating, carrying("simd")] });
await bundle({ ...edge, entryPoints: ["src/png.ts", "src/jpeg.ts"] });
copyFileSync(wasm, "build/edge/denoise.wasm");
for (const name of models) copyFileSync(`build/models/${name}.safetensors`, `build/edge/${name}.safetensors`);
for (const file of ["denoise", "denoise-all", "denoise-tiny-all", "png", "jpeg"])
  await squeeze(`build/edge/${file}.js`);
if (!flags.quiet) {
  for (const file of readdirSync("build/edge")) {
    const bytes = readFileSync(`build/edge/${file}`);
    console.log(`build/edge/${file}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}
writeThirdParty(inputs);

if (!flags["no-types"]) {
  rmSync("build/types", { recursive: true, force: true });
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
    stdio: "inherit",
  });
  const { writeRequireTypes } = await import("./require-types.js");
  const typed = Object.values(manifest.exports).flatMap(({ types }) => types?.default ?? []);
  keepReached(typed);
  writeRequireTypes(typed);
}

/** Removes the declarations that none of these leads to, which are of what the package has for itself, and fits the others to older compilers. */
function keepReached(entries) {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = readFileSync(path, "utf8");
    const imports = text.matchAll(/(?:from|import) ?\(?"(\.[^"]+)\.[jt]s"/g);
    for (const [, to] of imports) visit(join(dirname(path), `${to}.d.ts`));
    // Before version 5.7 of TypeScript, arrays have no parameter for their memory.
    writeFileSync(path, text.replace(/\b(\w+Array)<ArrayBuffer>/g, "ReturnType<typeof $1.of>"));
  };
  for (const entry of entries) visit(join(entry));
  for (const file of readdirSync("build/types", { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !reached.has(path)) rmSync(path);
  }
}
writeStamp(stamp, before, built);

/** The sources that an entry imports, directly or not, without the entry itself. */
async function reachedFrom(entry) {
  const { metafile } = await esbuild.build({
    ...common,
    entryPoints: [entry],
    metafile: true,
    write: false,
    plugins: [lazily],
  });
  return Object.keys(metafile.inputs).filter((path) => path.startsWith("src/") && path !== entry);
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

/** Writes bytes as text into a module; src/wasm/inlined.ts turns the text into bytes again. */
function writeInlined(path, bytes) {
  const text = bytes && String.fromCharCode(...bytes.map((byte) => (byte + 80) & 0xff));
  writeText(path, text, path.startsWith("build/models") ? "string | undefined" : "string");
}

/** Writes a module that exports a text, and its declaration. */
function writeText(path, text, type) {
  writeFileSync(`${path}.js`, `export default ${JSON.stringify(text)};\n`);
  writeFileSync(`${path}.d.ts`, `declare const text: ${type};\nexport default text;\n`);
}

/** The bytes of a model file, converted to int8, and the same without what it says of the training. */
async function quantized(path) {
  const outfile = "build/models/model-file.js";
  await esbuild.build({
    stdin: {
      contents: 'export * from "./src/model/model-file.ts"; export * from "./src/model/safetensors.ts";',
      resolveDir: root,
    },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "warning",
  });
  const { decodeModel, encodeModel, readSafetensors, writeSafetensors } = await import(
    pathToFileURL(outfile).href
  );
  rmSync(outfile);
  const file = encodeModel(decodeModel(readFileSync(path), path), "i8");
  const { tensors, metadata } = readSafetensors(file, path);
  const { "denoise-wasm.description": _, ...bare } = metadata;
  return { file, bare: writeSafetensors(tensors, bare) };
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
          contents: "export default undefined;",
        }));
      }
    },
  };
}

/** The entry file of a build of the core. */
function entryOf(target) {
  if (target.startsWith("inference")) return "assembly/index-inference.ts";
  return target.endsWith("-threads") ? "assembly/index-threads.ts" : "assembly/index.ts";
}
