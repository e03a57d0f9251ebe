// npm run build: generates the tiles and the walker's calls in build/assembly, and builds assembly into build/wasm, the
// weights into build/models, the code of workers that are made from text into build/workers, src into build/esm and
// build/edge, and the type declarations into build/types.
// --quiet: prints nothing. --no-types: leaves the declarations out. --if-changed: does nothing if the last build was made
// from the same sources and everything that it wrote is still there. --if-installed: does nothing if the packages are not
// installed. npm runs the build in that state too, when `npx denoise-wasm` is run in a fresh clone, and would remember a
// failure.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
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
const { writeAlternating, writeInlined, writeInlinedByName } = await import("./inlined.js");
const { writeOperations } = await import("./operations.js");
const { writeTiles } = await import("./tiles.js");
const { writeBundles } = await import("./bundles.js");

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
  if (!flags.quiet) console.log(`build/wasm/${target}.wasm  ${coreOf(target).length} bytes`);
}
// The builds are inlined in scripts, so that no bundler and no runtime has to find a second file.
for (const target of ["inference", "inference-relaxed"]) writeInlined(`build/wasm/${target}`, coreOf(target));
const training = ["simd", "simd-threads", "relaxed", "relaxed-threads"];
writeAlternating(
  "build/wasm/training",
  Object.fromEntries(training.map((target) => [target, coreOf(target)])),
);

// The weights that come with the package: as int8, and inlined like the wasm, those for colour and for grey pictures in one
// script. createDenoiser uses "photo" and "photo-grey" if it is given none.
const families = {
  photo: { colour: "photo", grey: "photo-grey" },
  "photo-tiny": { colour: "photo-tiny", grey: "photo-tiny-grey" },
  "photo-large": { colour: "photo-large" },
  "fashion-conv": { grey: "fashion-conv" },
};
mkdirSync("build/models", { recursive: true });
const { decodeModel, encodeModel } = await modelFiles();
for (const [family, models] of Object.entries(families)) {
  const written = Object.entries(models).map(([kind, name]) => [kind, writeQuantized(name)]);
  writeInlinedByName(`build/models/${family}`, Object.fromEntries(written));
}

const external = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
await writeBundles(external, families, flags.quiet);
if (!flags["no-types"]) {
  const { writeDeclarations } = await import("./declarations.js");
  writeDeclarations(Object.values(manifest.exports).flatMap(({ types }) => types?.default ?? []));
}
writeStamp(stamp, before, built);

/** The bytes of a build of the core. */
function coreOf(target) {
  return readFileSync(`build/wasm/${target}.wasm`);
}

/** The code that reads and writes model files. */
async function modelFiles() {
  const outfile = "build/models/model-file.js";
  await esbuild.build({
    entryPoints: ["src/model/model-file.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "warning",
  });
  const code = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  return code;
}

/** Writes a model file of the package with its weights as int8. @returns its bytes */
function writeQuantized(name) {
  const path = `models/${name}.safetensors`;
  const bytes = encodeModel(decodeModel(readFileSync(path), path), "i8");
  writeFileSync(`build/models/${name}.safetensors`, bytes);
  return bytes;
}

/** The entry file of a build of the core. */
function entryOf(target) {
  if (target.startsWith("inference")) return "assembly/index-inference.ts";
  return target.endsWith("-threads") ? "assembly/index-threads.ts" : "assembly/index.ts";
}
