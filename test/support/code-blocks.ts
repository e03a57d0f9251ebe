/** The code blocks of README.md and docs, and what they use without saying where it comes from. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface CodeBlock {
  /** The file that it is in, such as "docs/edge.md". */
  readonly page: string;
  /** The heading that it stands under. */
  readonly section: string;
  /** As the block names it; of a block without fences, which holds commands, "sh". */
  readonly language: string;
  readonly code: string;
  /** The name of the JSON file that the paragraph before the block speaks of last. */
  readonly file?: string | undefined;
}

const pages = ["README.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

function blocksOf(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = readFileSync(root + page, "utf8").split("\n");
  let [section, paragraph] = [page, ""];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (/^#+ /.test(line)) section = line.replace(/^#+ /, "");
    const fence = /^```(\w*)$/.exec(line);
    const isIndented = line.startsWith("    ") && lines[i - 1] === "";
    if (!fence && !isIndented) {
      if (line !== "") paragraph = lines[i - 1] === "" ? line : `${paragraph} ${line}`;
      continue;
    }
    const isEnd = (line: string) => (fence ? line === "```" : !line.startsWith("    "));
    const start = fence ? i + 1 : i;
    for (i = start; i < lines.length && !isEnd(lines[i]!); i++);
    const code = lines.slice(start, i).map((line) => (fence ? line : line.slice(4)));
    const [, file] = /.*`([\w-]+\.json)`/.exec(paragraph) ?? [];
    blocks.push({ page, section, language: fence ? fence[1]! : "sh", code: `${code.join("\n")}\n`, file });
  }
  return blocks;
}

/** All of them, in the order of the pages. Blocks of text are formulas and tables. */
export const codeBlocks: readonly CodeBlock[] = pages
  .flatMap(blocksOf)
  .filter(({ language }) => language !== "text");

const pictureOf = (file: string) => `await (await import("denoise-wasm/node")).readPicture("${file}")`;

/** Each with its type, and a value for it; in a page, pictures come from the server. */
export const known: Readonly<Record<string, { type: string; value: string }>> = {
  image: { type: "ImageData", value: pictureOf("noisy.png") },
  picture: { type: 'import("denoise-wasm").Picture', value: pictureOf("noisy.png") },
  pictures: { type: 'import("denoise-wasm").Picture[]', value: `[${pictureOf("noisy.png")}]` },
  frames: {
    type: 'import("denoise-wasm").Picture[]',
    value: `[${pictureOf("frames/1.png")}, ${pictureOf("frames/2.png")}]`,
  },
  file: { type: "File", value: 'new File([await (await fetch("noisy.png")).blob()], "noisy.png")' },
  bar: { type: "HTMLProgressElement", value: 'document.createElement("progress")' },
  canvas: {
    type: "{ getContext(kind: '2d'): CanvasRenderingContext2D }",
    value: 'document.createElement("canvas")',
  },
  request: {
    type: "Request",
    value: `new Request("http://localhost/", { method: "POST", body: await (await import("node:fs/promises")).readFile("noisy.png") })`,
  },
  planes: { type: "Float32Array", value: "new Float32Array(3 * 80 * 96).fill(128)" },
  height: { type: "number", value: "80" },
  width: { type: "number", value: "96" },
  denoiser: {
    type: 'import("denoise-wasm").Denoiser',
    value: `await (await import("denoise-wasm")).createDenoiser()`,
  },
  createDenoiser: {
    type: 'typeof import("denoise-wasm").createDenoiser',
    value: `(await import("denoise-wasm")).createDenoiser`,
  },
  data: {
    type: 'import("denoise-wasm/train").TrainingData',
    value: `await (await import("denoise-wasm/node")).loadFashionMnistFrom(process.env.FASHION_MNIST_DIR)`,
  },
  run: {
    type: 'ReturnType<typeof import("denoise-wasm/train").train>',
    value: `await import("denoise-wasm/train").then(async ({ recipes, train }) => { const run = train(recipes["fashion-autoencoder"], data); await run.next(); return run; })`,
  },
};

/** The names in `known` that a block uses and does not declare. */
export function namesMissingIn(code: string): string[] {
  return Object.keys(known).filter((name) => {
    const isUsed = new RegExp(`(?<![.\\w"/-])${name}\\b(?!["\\w]|: )`).test(code);
    const isDeclared =
      new RegExp(`\\b(const|let)\\s+(\\{[^}]*\\b)?${name}\\b`).test(code) ||
      new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(code);
    return isUsed && !isDeclared;
  });
}
