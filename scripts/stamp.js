// The stamp of a build: hashes of its sources and of the files that it wrote, so that the same is not built twice.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

export function isCurrent(stamp, sources, built) {
  if (!existsSync(stamp)) return false;
  const last = JSON.parse(readFileSync(stamp, "utf8"));
  return last.sources === hashOf(sources) && built.every((path) => last.built[path] === hashOf([path]));
}

export function writeStamp(stamp, sources, built) {
  const hashes = Object.fromEntries(built.map((path) => [path, hashOf([path])]));
  writeFileSync(stamp, JSON.stringify({ sources, built: hashes }));
}

export function hashOf(paths) {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths) {
    if (!existsSync(path)) continue;
    for (const file of statSync(path).isDirectory() ? filesIn(path) : [path]) {
      const bytes = readFileSync(file);
      hash.update(`\n${file} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
}
