// node bench/run.js ENTRY [options]: bundles bench/ENTRY.ts into build/bench and runs it.
import { existsSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import "./build.js";

const path = `build/bench/${process.argv[2]}.js`;
if (existsSync(path)) await import(pathToFileURL(path).href);
else {
  const entries = readdirSync("build/bench").filter(
    (name) => name.endsWith(".js") && !name.startsWith("chunk-"),
  );
  console.error(
    `usage: node bench/run.js ENTRY [options], with one of ${entries.map((name) => name.slice(0, -3)).join(", ")}`,
  );
  process.exitCode = 2;
}
