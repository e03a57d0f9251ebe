// node bench/run.js ENTRY [options]: bundles bench/ENTRY.ts into build/bench and runs it.
import { fileURLToPath, pathToFileURL } from "node:url";
import esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
await esbuild.build({
  entryPoints: ["bench", "peers", "conv", "sigma", "cold-start", "edge-load", "probe"].map(
    (name) => `bench/${name}.ts`,
  ),
  outdir: "build/bench",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
await import(pathToFileURL(`build/bench/${process.argv[2]}.js`).href);
