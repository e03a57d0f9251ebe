// Generates the walker's calls of the kernels, and some opcodes, from the declarations in assembly/program/operations.ts.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import esbuild from "esbuild";

/** Writes build/assembly/opcodes.ts and build/assembly/execute.ts. */
export async function writeOperations() {
  const { operations, offsetsOf, ARGUMENTS } = await declarations();
  mkdirSync("build/assembly", { recursive: true });
  const words = Object.entries(Object.fromEntries(offsetsOf("eachImage", ARGUMENTS)));
  const opcode = Object.keys(operations).indexOf("eachImage") + 1;
  writeFileSync(
    "build/assembly/opcodes.ts",
    [
      "// Made by scripts/operations.js from assembly/program/operations.ts.",
      "export const END: i32 = 0;",
      `export const EACH_IMAGE: i32 = ${opcode};`,
      ...words.map(([word, at]) => `export const EACH_IMAGE_${word.toUpperCase()}: i32 = ${at};`),
      "",
    ].join("\n"),
  );

  const imports = new Map();
  const cases = Object.entries(operations).flatMap(([name, { kernel, words }], index) => {
    if (name === "eachImage") return [];
    imports.set(kernel, [...(imports.get(kernel) ?? []), name]);
    const offsets = offsetsOf(name, ARGUMENTS);
    const values = Object.entries(words).map(([word, kind]) => argumentOf(kind, offsets.get(word)));
    return [`    case ${index + 1}:`, `      ${name}(${values.join(", ")}, first, last);`, "      break;"];
  });
  writeFileSync(
    "build/assembly/execute.ts",
    [
      "// Made by scripts/operations.js from assembly/program/operations.ts.",
      ...[...imports].map(
        ([kernel, names]) => `import { ${names.join(", ")} } from "../../assembly/${kernel}";`,
      ),
      'import { address, float, part, word } from "../../assembly/program/record";',
      "",
      "/**",
      " * Runs items `first` to `last` - 1 of an operation, with the scratch of a thread. Image n of a buffer of images is",
      " * picture n + shift of the batch. `chunk` and `begins` are for operations that sum over the images of a chunk.",
      " */",
      "export function execute(op: usize, thread: i32, shift: i32, chunk: i32, begins: bool, first: i32, last: i32): void {",
      "  switch (word(op, 0)) {",
      ...cases,
      "    default:",
      "      unreachable();",
      "  }",
      "}",
      "",
    ].join("\n"),
  );
}

/** The expression that reads a kernel's argument from the record's word number `at`. */
function argumentOf(kind, at) {
  switch (kind) {
    case "address":
      return `address(op, ${at})`;
    case "count":
      return `word(op, ${at})`;
    case "flag":
      return `word(op, ${at}) != 0`;
    case "float":
      return `float(op, ${at})`;
    case "double":
      return `load<f64>(op + ${4 * at})`;
    case "floatAt":
      return `load<f32>(address(op, ${at}))`;
    case "scratch":
      return `part(op, ${at}, thread)`;
    case "begins":
      return "begins";
    default:
      return `part(op, ${at}, ${kind.perChunk ? "chunk" : "shift"})`;
  }
}

/** Imports the declarations, which are TypeScript. */
async function declarations() {
  const outfile = "build/assembly/operations.js";
  await esbuild.build({
    stdin: {
      contents:
        'export * from "./assembly/program/operations.ts"; export { ARGUMENTS } from "./assembly/program/layout.ts";',
      resolveDir: process.cwd(),
    },
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    logLevel: "warning",
  });
  const module = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  return module;
}
