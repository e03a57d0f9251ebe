// Bundles run.ts into build/fuzz, and runs it.
import { fileURLToPath, pathToFileURL } from "node:url";
import esbuild from "esbuild";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
await esbuild.build({
  entryPoints: ["test/fuzz/run.ts"],
  outdir: "build/fuzz",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  packages: "external",
  sourcemap: true,
  logLevel: "warning",
});
await import(pathToFileURL("build/fuzz/run.js").href);
