// Bundles what the benchmarks are made of into build/bench, from wherever it is imported.
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
await esbuild.build({
  entryPoints: [
    "bench",
    "edge",
    "calibration",
    "noisy-alone",
    "pictures",
    "queue",
    "sigma",
    "level-weights",
    "search",
    "contact-sheet",
    "photographs",
    "quiet",
    "report",
    "turns",
  ].map((name) => `bench/${name}.ts`),
  outdir: "build/bench",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
