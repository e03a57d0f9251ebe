// Bundles what the benchmarks are made of into build/bench, from wherever it is imported.
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
await esbuild.build({
  entryPoints: ["bench", "peers", "conv", "sigma", "cold-start", "edge-load", "quiet", "probe"].map(
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
