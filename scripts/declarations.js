// Part of npm run build: build/types, the declarations of the entries and of what these lead to.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeRequireTypes } from "./require-types.js";

/** @param {string[]} entries the files that the entries' declarations are to be */
export function writeDeclarations(entries) {
  rmSync("build/types", { recursive: true, force: true });
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
    stdio: "inherit",
  });
  keepReached(entries);
  writeRequireTypes(entries);
}

/** Removes the declarations that none of these leads to, which are of what the package has for itself, and fits the others to older compilers. */
function keepReached(entries) {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = readFileSync(path, "utf8");
    const imports = text.matchAll(/(?:from|import) ?\(?"(\.[^"]+)\.[jt]s"/g);
    for (const [, to] of imports) visit(join(dirname(path), `${to}.d.ts`));
    // Before version 5.7 of TypeScript, arrays have no parameter for their memory.
    writeFileSync(path, text.replace(/\b(\w+Array)<ArrayBuffer>/g, "ReturnType<typeof $1.of>"));
  };
  for (const entry of entries) visit(join(entry));
  for (const file of readdirSync("build/types", { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !reached.has(path)) rmSync(path);
  }
}
