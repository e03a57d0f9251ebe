/** Every block of TypeScript and JavaScript in README.md and docs compiles against the package's declarations. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { codeBlocks, known, namesMissingIn, root } from "../support/code-blocks.ts";

/** Modules that are not the package's, what Cloudflare adds to fetch, and what blocks use of Deno and Bun. */
const ambient = `
declare module "*.wasm" { const module: WebAssembly.Module; export default module; }
declare module "*.safetensors" { const bytes: ArrayBuffer; export default bytes; }
declare module "*/denoise.js" { export * from "denoise-wasm"; }
declare module "onnxruntime-web/wasm" {
  export const env: { wasm: { numThreads?: number } };
  export const InferenceSession: { create(model: string | Uint8Array): Promise<{ run(inputs: object): Promise<Record<string, { data: Float32Array }>> }> };
  export class Tensor { constructor(type: string, data: ArrayLike<number>, dims: number[]); }
}
interface RequestInit { cf?: object }
declare const Deno: {
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
};
declare const Bun: { file(path: string): Blob; write(path: string, bytes: Uint8Array): Promise<number> };
`;

const blocks = codeBlocks.filter(({ language }) => language === "ts" || language === "js");

function withKnown(code: string): string {
  const declared = namesMissingIn(code).map((name) => `declare const ${name}: ${known[name]!.type};`);
  return `${declared.join("\n")}\n${code}\nexport {};\n`;
}

it("code in README.md and docs compiles", () => {
  expect(blocks.length).toBeGreaterThan(8);
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-blocks-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/denoise-wasm"));
    symlinkSync(`${root}node_modules/@types`, join(folder, "node_modules/@types"));
    writeFileSync(join(folder, "ambient.d.ts"), ambient);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const [i, { page, code }] of blocks.entries())
      writeFileSync(join(folder, `${i}-${page.replaceAll(/\W/g, "-")}.ts`), withKnown(code));
    const options = {
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable", "esnext.disposable"],
      types: ["node"],
      strict: true,
      noImplicitAny: false,
      useUnknownInCatchVariables: false,
      strictNullChecks: false,
      noEmit: true,
      skipLibCheck: true,
      preserveSymlinks: true,
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, include: ["*.ts"] }),
    );
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    let said = "";
    try {
      execFileSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    } catch (error) {
      said = (error as { stdout: string }).stdout;
    }
    expect(said).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
