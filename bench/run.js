// node bench/run.js ENTRY [options]: bundles bench/ENTRY.ts into build/bench and runs it.
import { pathToFileURL } from "node:url";
import "./build.js";

await import(pathToFileURL(`build/bench/${process.argv[2]}.js`).href);
