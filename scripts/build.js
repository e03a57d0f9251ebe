// npm run build: assembly → build/wasm, src → build/esm, declarations → build/types.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import asc from "assemblyscript/asc";
import esbuild from "esbuild";

const { values: flags } = parseArgs({
  options: { quiet: { type: "boolean" }, "no-types": { type: "boolean" } },
});
const root = new URL("..", import.meta.url).pathname;
process.chdir(root);

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const targets = Object.keys(JSON.parse(readFileSync("asconfig.json", "utf8")).targets);
mkdirSync("build/wasm", { recursive: true });
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
  // Inlined as base64, so that no bundler and no runtime has to find a second file.
  const bytes = readFileSync(`build/wasm/${target}.wasm`);
  writeFileSync(`build/wasm/${target}.js`, `export default "${bytes.toString("base64")}";\n`);
  writeFileSync(`build/wasm/${target}.d.ts`, "declare const base64: string;\nexport default base64;\n");
  if (!flags.quiet) console.log(`build/wasm/${target}.wasm  ${bytes.length} bytes`);
}

// The weights that createDenoiser takes where it is given none, inlined like the wasm.
const weights = "models/fashion-conv.safetensors";
mkdirSync("build/models", { recursive: true });
const inlined = existsSync(weights) ? JSON.stringify(readFileSync(weights).toString("base64")) : "undefined";
writeFileSync("build/models/fashion-conv.js", `export default ${inlined};\n`);
writeFileSync(
  "build/models/fashion-conv.d.ts",
  "declare const base64: string | undefined;\nexport default base64;\n",
);

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
// A file each, that a person can copy: what pages start workers from.
await esbuild.build({ ...common, entryPoints: ["src/wasm/thread-worker.ts", "src/denoiser-worker.ts"] });
const { metafile } = await esbuild.build({
  ...common,
  entryPoints: ["src/index.ts", "src/train.ts", "src/node.ts", "src/cli/cli.ts"],
  splitting: true,
  // What package.json calls a dependency stays an import; the rest is bundled.
  external: ["node:*", ...Object.keys(manifest.dependencies)],
  metafile: true,
});
writeFileSync("build/esm/THIRD-PARTY.txt", bundledLicences(Object.keys(metafile.inputs)));
if (!flags.quiet) for (const file of readdirSync("build/esm")) console.log(`build/esm/${file}`);

if (!flags["no-types"]) {
  rmSync("build/types", { recursive: true, force: true });
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
    stdio: "inherit",
  });
}

/** What a build of the core exports. */
function entryOf(target) {
  if (target.startsWith("inference")) return "assembly/index-inference.ts";
  return target.endsWith("-threads") ? "assembly/index-threads.ts" : "assembly/index.ts";
}

/** The licences of the packages whose code is in the bundle. */
function bundledLicences(inputs) {
  const folders = new Set(inputs.flatMap((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, "utf8").trim() : ""}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
