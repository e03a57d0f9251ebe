/** A script that reads one file, in a process of its own, and prints what that cost. Arguments: the reader, and the file. */
import { readFileSync } from "node:fs";
import { gunzipIfNeeded } from "../../src/data/gzip.ts";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { decodePng } from "../../src/pictures/png.ts";

const readers = {
  png: decodePng,
  jpeg: async (bytes: Uint8Array, name: string) => decodeJpeg(bytes, name),
  gzip: gunzipIfNeeded,
};

const [reader, path] = process.argv.slice(2) as [keyof typeof readers, string];
const bytes = new Uint8Array(readFileSync(path));
const before = process.resourceUsage();
const verdict = await readers[reader](bytes, "file").then(
  () => "taken",
  (error: Error) => `${error.name}: ${error.message}`,
);
const after = process.resourceUsage();
// The processor's time, which does not depend on what else the machine does.
const seconds = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
console.log(JSON.stringify({ verdict, seconds, megabytes: (after.maxRSS - before.maxRSS) / 1024 }));
