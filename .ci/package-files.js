// npm pack --dry-run --json | node .ci/package-files.js: checks which files are in the npm package and which are not.
import { readFileSync } from "node:fs";

const [{ files, size }] = JSON.parse(readFileSync(0, "utf8"));
const paths = files.map(({ path }) => path);
const missing = [
  "package.json",
  "README.md",
  "LICENSE",
  "bin/denoise-wasm.js",
  "build/esm/cli.js",
  "build/esm/index.js",
  "build/esm/index.workerd.js",
  "build/esm/index.edge-light.js",
  "build/esm/denoise.wasm",
  "build/edge/denoise-all.js",
  "build/esm/browser.js",
  "build/esm/train.js",
].filter((path) => !paths.includes(path));
const foreign = paths.filter((path) => /^(data|examples|test|src|assembly|bench|\.ci)\//.test(path));
for (const path of missing) console.log(`the npm package lacks ${path}`);
for (const path of foreign) console.log(`the npm package must not hold ${path}`);
console.log(`${paths.length} files, ${(size / 1000).toFixed(0)} kB packed`);
if (missing.length > 0 || foreign.length > 0) process.exitCode = 1;
