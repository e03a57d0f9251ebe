#!/usr/bin/env node
// The command. npm makes no link to a file that is not there, and remembers that; this one is there before any build.
import { existsSync } from "node:fs";

const cli = new URL("../build/esm/cli.js", import.meta.url);
if (existsSync(cli)) await import(cli.href);
else {
  console.error("denoise-wasm is not built yet. Run npm install in the folder of its sources.");
  process.exitCode = 1;
}
