/** What the entry `denoise-wasm` drags into a page: inference, and nothing else. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

describe("the entry for inference", () => {
  const bundled = build({
    entryPoints: [fileURLToPath(new URL("../src/index.ts", import.meta.url))],
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    metafile: true,
    write: false,
  });

  it("reaches no training, no schema, no package and nothing of Node", async () => {
    const { outputs } = (await bundled).metafile;
    const [output] = Object.values(outputs);
    const used = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    expect(used.map(([path]) => path).sort()).toEqual([
      "assembly/winograd-layer.ts",
      "build/models/fashion-conv.js",
      "build/wasm/inference-relaxed.js",
      "build/wasm/inference.js",
      "src/arena.ts",
      "src/conv-model.ts",
      "src/conv-stream.ts",
      "src/denoiser.ts",
      "src/errors.ts",
      "src/event-loop.ts",
      "src/image.ts",
      "src/safetensors.ts",
      "src/sigma.ts",
      "src/wasm/detect.ts",
      "src/wasm/inference.ts",
      "src/winograd.ts",
    ]);
    expect(output!.imports).toEqual([]);
  });

  it("is a few kilobytes of JavaScript, without eval or top-level await", async () => {
    const text = (await bundled).outputFiles![0]!.text;
    const code = text.replace(/"[A-Za-z0-9+/=]{1000,}"/g, '""');
    expect(code).not.toMatch(/\beval\b|new Function|import\.meta|process\b/);
    expect(gzipSync(code).length).toBeLessThan(7500);
  });
});
