/** Every block of TypeScript and JavaScript in README.md and docs compiles against the package's declarations. */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../support/declarations.ts";

/** What blocks use without saying where it comes from. */
const known: Readonly<Record<string, string>> = {
  image: "ImageData",
  picture: 'import("denoise-wasm").Picture',
  pictures: 'import("denoise-wasm").Picture[]',
  frames: 'import("denoise-wasm").Picture[]',
  file: "File",
  bar: "HTMLProgressElement",
  canvas: "{ getContext(kind: '2d'): CanvasRenderingContext2D }",
  request: "Request",
  planes: "Float32Array",
  height: "number",
  width: "number",
  denoiser: 'import("denoise-wasm").Denoiser',
  createDenoiser: 'typeof import("denoise-wasm").createDenoiser',
  data: 'import("denoise-wasm/train").TrainingData',
  run: 'ReturnType<typeof import("denoise-wasm/train").train>',
};

/** Modules that are not the package's, and what Cloudflare adds to fetch. */
const ambient = `
declare module "*.wasm" { const module: WebAssembly.Module; export default module; }
declare module "*.safetensors" { const bytes: ArrayBuffer; export default bytes; }
declare module "*/denoise.js" { export * from "denoise-wasm"; }
declare module "onnxruntime-web/wasm" {
  export const InferenceSession: { create(path: string): Promise<{ run(inputs: object): Promise<Record<string, { data: Float32Array }>> }> };
  export class Tensor { constructor(type: string, data: ArrayLike<number>, dims: number[]); }
}
interface RequestInit { cf?: object }
`;

const pages = ["README.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);
const blocks = pages.flatMap((page) => {
  const text = readFileSync(root + page, "utf8");
  return [...text.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```/gm)].map(([, code]) => ({ page, code: code! }));
});

function withKnown(code: string): string {
  const missing = Object.entries(known).filter(([name]) => {
    const isUsed = new RegExp(`(?<![.\\w"/-])${name}\\b(?!["\\w]|: )`).test(code);
    const isDeclared =
      new RegExp(`\\b(const|let)\\s+(\\{[^}]*\\b)?${name}\\b`).test(code) ||
      new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(code);
    return isUsed && !isDeclared;
  });
  const declared = missing.map(([name, type]) => `declare const ${name}: ${type};`);
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
