#!/usr/bin/env node
// The command `denoise-wasm`. npm links a command only if its file exists when npm installs; this file exists before any build.
import { existsSync } from "node:fs";

const cli = new URL("../build/esm/cli.js", import.meta.url);
if (existsSync(cli)) await import(cli.href);
else {
  console.error("denoise-wasm is not built yet. Run npm install in the folder of its sources.");
  process.exitCode = 1;
}
