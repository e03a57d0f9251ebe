/** What the entry `denoise-wasm` drags into a page or a worker: inference, and nothing else. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { createDenoiser as createTinyDenoiser } from "../../src/denoiser/photo-tiny.ts";
import { DataError } from "../../src/errors.ts";
import { normal } from "../support/networks.ts";
import { quietEnvironment, runtimes } from "../support/runtimes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFile(`${root}build/${path}`);
const gzipped = (content: string | Uint8Array) => gzipSync(content, { level: 9 }).length;

describe("the entry for inference", () => {
  const options = {
    entryPoints: [`${root}src/index.ts`],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm" as const,
    platform: "neutral" as const,
    target: "es2022",
    metafile: true as const,
    write: false as const,
  } satisfies BuildOptions;
  /** What is left in a file of its own, where a bundler can do that. */
  const lazily: Plugin = {
    name: "lazily",
    setup({ onResolve }) {
      onResolve({ filter: /\/team\.ts$/ }, ({ kind }) =>
        kind === "dynamic-import" ? { path: "./team.js", external: true } : undefined,
      );
    },
  };
  const bundled = build({ ...options, plugins: [lazily] });
  /** Without what is inlined. */
  const emptied: Plugin = {
    name: "emptied",
    setup({ onLoad }) {
      onLoad({ filter: /build\/wasm\/.*\.js$/ }, () => ({ contents: 'export default "";' }));
      onLoad({ filter: /build\/models\/.*\.js$/ }, () => ({
        contents: 'export const colour = ""; export const grey = "";',
      }));
    },
  };

  it("reaches no training, no schema, no package and nothing of Node", async () => {
    const { outputs } = (await bundled).metafile;
    const [output] = Object.values(outputs);
    const used = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    expect(used.map(([path]) => path).sort()).toEqual([
      "build/models/photo.js",
      "build/wasm/inference-relaxed.js",
      "build/wasm/inference.js",
      "src/denoiser/block-level-weights.ts",
      "src/denoiser/block-level.ts",
      "src/denoiser/blocks.ts",
      "src/denoiser/conv-stream.ts",
      "src/denoiser/create.ts",
      "src/denoiser/crew.ts",
      "src/denoiser/denoise-picture.ts",
      "src/denoiser/lazy-team.ts",
      "src/denoiser/models.ts",
      "src/denoiser/photo-models.ts",
      "src/denoiser/photo.ts",
      "src/denoiser/request.ts",
      "src/denoiser/sigma.ts",
      "src/denoiser/views.ts",
      "src/denoiser/white-noise.ts",
      "src/denoiser/windows.ts",
      "src/errors.ts",
      "src/model/conv-model.ts",
      "src/model/conv-spec.ts",
      "src/model/model.ts",
      "src/pictures/blend.ts",
      "src/pictures/picture.ts",
      "src/wasm/bundled.ts",
      "src/wasm/detect.ts",
      "src/wasm/event-loop.ts",
      "src/wasm/inference.ts",
      "src/wasm/inlined.ts",
      "src/wasm/local-file.ts",
      "src/wasm/source.ts",
    ]);
    expect(output!.imports).toEqual([{ path: "./team.js", kind: "dynamic-import", external: true }]);
  });

  it("is 150 kB with both builds and weights, without eval or top-level await", async () => {
    const text = (await bundled).outputFiles[0]!.text;
    expect(text).not.toMatch(/\beval\b|new Function|import\.meta|(?<!globalThis\.)process\b|^await/m);
    expect(gzipped(text)).toBeLessThan(150_000);
    const code = await build({ ...options, plugins: [lazily, emptied] });
    expect(gzipped(code.outputFiles[0]!.contents)).toBeLessThan(11_250);
  });
});

describe("the files that need no others", () => {
  const image = { data: normal(40 * 30, 5, 40), width: 40, height: 30 };
  const expected = async () => (await (await createDenoiser()).denoise(image)).data;

  it("keeps to its budgets, gzipped", async () => {
    expect(gzipped(await read("edge/denoise.js"))).toBeLessThan(10_300);
    expect(gzipped(await read("edge/denoise.wasm"))).toBeLessThan(6000);
    expect(gzipped(await read("edge/fashion-conv.safetensors"))).toBeLessThan(9000);
    expect(gzipped(await read("edge/photo.safetensors"))).toBeLessThan(80_000);
    expect(gzipped(await read("edge/photo-grey.safetensors"))).toBeLessThan(52_000);
    expect(gzipped(await read("edge/denoise-all.js"))).toBeLessThan(140_000);
    expect(gzipped(await read("edge/denoise-tiny-all.js"))).toBeLessThan(48_000);
  });

  it("the package has the script and the wasm", async () => {
    for (const name of ["denoise.js", "denoise.wasm"])
      expect(Buffer.compare(await read(`esm/${name}`), await read(`edge/${name}`))).toBe(0);
  });

  it("script, wasm and weights as three files denoise as the package does", async () => {
    const { createDenoiser, UnsupportedRuntimeError, ModelFileError } = await import(
      `${root}build/edge/denoise.js`
    );
    const model = await Promise.all(["photo", "photo-grey"].map((name) => read(`edge/${name}.safetensors`)));
    const wasm = await WebAssembly.compile(await read("edge/denoise.wasm"));
    const denoiser = await createDenoiser({ wasm, model });
    expect(denoiser.variant).toBe("simd");
    expect((await denoiser.denoise(image)).data).toEqual(await expected());
    await expect(createDenoiser({ wasm })).rejects.toThrow(ModelFileError);
    await expect(createDenoiser({ model })).rejects.toThrow(UnsupportedRuntimeError);
    await expect(denoiser.denoise({})).rejects.toMatchObject({ name: "DataError" });
  });

  describe.each(["denoise-all.js", "denoise-tiny-all.js"])("all in one file, %s", (file) => {
    const other = file === "denoise-all.js" ? createDenoiser : createTinyDenoiser;
    const script =
      `const { createDenoiser } = await import(${JSON.stringify(new URL(`../../build/edge/${file}`, import.meta.url))}); ` +
      `const data = Float32Array.from(${JSON.stringify([...image.data])}); ` +
      "const result = await (await createDenoiser()).denoise({ data, width: 40, height: 30 }); " +
      "console.log(JSON.stringify([...result.data])); globalThis.Deno?.exit();";
    for (const { title, path, arguments: before } of runtimes) {
      it.skipIf(!path)(`denoises as the package does: ${title}`, async () => {
        const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-edge-"));
        try {
          await writeFile(join(folder, "script.mjs"), script);
          const allowed = before.includes("--no-prompt") ? ["--allow-read"] : [];
          const { stdout } = await promisify(execFile)(
            path!,
            [...before, ...allowed, join(folder, "script.mjs")],
            { env: quietEnvironment },
          );
          const { data } = await (await other()).denoise(image);
          expect(JSON.parse(stdout)).toEqual([...data]);
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  });

  it("reads and writes PNG", async () => {
    const { denoisePng, encodePng, decodePng } = await import(`${root}build/edge/png.js`);
    const data = Uint8Array.from(image.data, (value) => Math.abs(value));
    const denoiser = await createDenoiser();
    const file = await encodePng({ ...image, data, channels: 1 });
    const clean = await decodePng(await denoisePng(denoiser, file, { sigma: 20 }), "clean.png");
    expect(clean.data).toEqual((await denoiser.denoise({ ...image, data }, { sigma: 20 })).data);
  });
});

describe("the models as modules", () => {
  const names = ["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "photo-large", "fashion-conv"];
  const moduleOf = async (name: string) =>
    join(
      root,
      JSON.parse((await readFile(`${root}package.json`)).toString()).exports[`./${name}.safetensors`],
    );

  it.each(names)("%s is the bytes of the model file", async (name) => {
    const { default: bytes } = await import(await moduleOf(name));
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(bytes, await read(`models/${name}.safetensors`))).toBe(0);
  });

  it("a bundle has of the others, and of the code, what it uses", async () => {
    const textOf = async (script: string) => {
      const stdin = { contents: script, resolveDir: root };
      const options = { bundle: true, minify: true, charset: "utf8", format: "esm", write: false } as const;
      return (await build({ ...options, stdin })).outputFiles[0]!.text;
    };
    const path = JSON.stringify(await moduleOf("photo-tiny-grey"));
    expect(gzipped(await textOf(`import bytes from ${path}; console.log(bytes);`))).toBeLessThan(14_500);
    expect(await textOf(`import ${path};`)).toBe("");
  });
});

/** What a script of build/esm imports from files beside it. */
const importsOf = (text: string) => [...text.matchAll(/from"\.\/([\w-]+\.js)"/g)].map(([, name]) => name!);

describe("the bundles of workerd and edge-light", () => {
  it.each([
    ["workerd", '"./denoise.wasm"'],
    ["edge-light", '"./denoise.wasm?module"'],
  ])("%s takes its wasm as a module beside it", async (condition, specifier) => {
    const index = (await read(`esm/index.${condition}.js`)).toString();
    const [chunk] = importsOf(index).filter((name) => name.startsWith("edge-"));
    const text = [index, await read(`esm/${chunk}`), await read("esm/shared.js")].join("");
    expect(text).toContain(specifier);
    expect(text).not.toMatch(/\beval\b|new Function|import\.meta|node:/);
    expect(Buffer.compare(await read("esm/denoise.wasm"), await read("wasm/inference.wasm"))).toBe(0);
    // What the runtime does: the file as a compiled module.
    const script = await build({
      entryPoints: [`${root}build/esm/index.${condition}.js`],
      bundle: true,
      format: "esm",
      write: false,
      logLevel: "silent",
      plugins: [
        {
          name: "module",
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /\.wasm/ }, () => ({ path: "wasm", namespace: "module" }));
            onLoad({ filter: /.*/, namespace: "module" }, () => ({
              contents: "export default globalThis.edgeWasm",
            }));
          },
        },
      ],
    });
    Object.assign(globalThis, { edgeWasm: await WebAssembly.compile(await read("esm/denoise.wasm")) });
    const url = `data:text/javascript;base64,${Buffer.from(script.outputFiles[0]!.contents).toString("base64")}`;
    const { createDenoiser: create } = await import(url);
    const image = { data: normal(28 * 28, 5, 40), width: 28, height: 28 };
    const denoiser = await create({ mode: "fast" });
    expect(denoiser.variant).toBe("simd");
    expect((await denoiser.denoise(image)).data).toEqual(
      (await (await createDenoiser()).denoise(image)).data,
    );
  });

  it("share their errors with the entries for PNG and JPEG", async () => {
    const { DataError: theirs } = await import("../../src/index.ts");
    expect(theirs).toBe(DataError);
    const { exports } = JSON.parse((await readFile(`${root}package.json`)).toString());
    /** The files that have the classes of errors, of those that an entry leads to. */
    const homesOf = async (file: string, seen = new Set<string>()): Promise<string[]> => {
      seen.add(file);
      const text = (await read(`esm/${file}`)).toString();
      const others = importsOf(text).filter((name) => !name.startsWith("weights-") && !seen.has(name));
      const homes = text.includes('name="DataError"') ? [file] : [];
      for (const other of others) if (!seen.has(other)) homes.push(...(await homesOf(other, seen)));
      return homes;
    };
    for (const condition of ["workerd", "edge-light", "default"]) {
      for (const name of [".", "./tiny", "./png", "./jpeg"]) {
        const file = exports[name][condition] ?? exports[name].default;
        expect([name, await homesOf(file.replace("./build/esm/", ""))]).toEqual([name, ["shared.js"]]);
      }
    }
  });
});
