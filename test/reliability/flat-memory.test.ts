/**
 * Memory does not grow with the steps of a training or with the pictures of a denoiser: neither that of JavaScript, nor that
 * of WebAssembly, nor the process's. `DENOISE_FLAT_MEMORY` says by how many times more is done than otherwise.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { train } from "../../src/training/trainer.ts";
import { convModel } from "../support/conv-models.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";

const times = Number(process.env.DENOISE_FLAT_MEMORY ?? 1);
const [steps, inferences] = [2400 * times, 10_000 * times];
/** So often is all of it done, one after the other. */
const PARTS = 3;
const timeout = 120_000 * times;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** All that were made. */
let memories: WebAssembly.Memory[];
const { Memory } = WebAssembly;
beforeEach(() => {
  memories = [];
  WebAssembly.Memory = class extends Memory {
    constructor(size: WebAssembly.MemoryDescriptor) {
      super(size);
      memories.push(this);
    }
  };
});
afterEach(() => {
  WebAssembly.Memory = Memory;
});

/** What is held now, in bytes: by JavaScript, by WebAssembly, and by the process. */
function held() {
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const wasm = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return { script: heapUsed + arrayBuffers, wasm, process: rss };
}

/**
 * @param seen what was held at the start, and after each of several equal parts of the work
 * @param most by how many bytes that of JavaScript may have grown in a part
 */
function expectFlat(seen: readonly ReturnType<typeof held>[], most: number): void {
  if (process.env.DENOISE_FLAT_MEMORY) console.log(JSON.stringify(seen));
  const parts = seen.slice(1).map((after, index) => ({ before: seen[index]!, after }));
  for (const { before, after } of parts) {
    expect(after.wasm).toBeGreaterThan(0);
    expect(after.wasm).toBe(before.wasm);
  }
  // What leaks grows in every part. What the engine compiles and notes of the code grows in some, and ends.
  const least = (kind: "script" | "process") =>
    Math.min(...parts.map(({ before, after }) => after[kind] - before[kind]));
  expect(least("script")).toBeLessThan(most);
  // Within this, collections of garbage let it go up and down.
  expect(least("process")).toBeLessThan(32e6);
}

it(
  `is flat over ${steps} steps of a training`,
  async () => {
    const part = steps / 10;
    const recipe = { ...smallRecipe({ size: [4, 4], units: [8, 16], epochs: 10 + PARTS * part }), batch: 2 };
    const seen: ReturnType<typeof held>[] = [];
    for await (const { number } of train(recipe, pictures(20, [4, 4]), { threads: 1 }))
      if (number >= 10 && (number - 10) % part === 0) seen.push(held());
    // Of each epoch of ten steps, its number, its loss and its duration are kept: some 120 bytes.
    expectFlat(seen, 1e5 + 20 * steps);
  },
  timeout,
);

it(
  `is flat over ${inferences} pictures of a denoiser`,
  async () => {
    const denoiser = await createDenoiser({ model: convModel({ hidden: [4] }), threads: 1 });
    const picture = { data: Uint8Array.from({ length: 81 }, (_, i) => (i * 37) % 256), width: 9, height: 9 };
    const denoise = async (count: number) => {
      for (let i = 0; i < count; i++) await denoiser.denoise(picture, { sigma: 20 });
    };
    await denoise(1000);
    const seen = [held()];
    for (let part = 0; part < PARTS; part++) {
      await denoise(inferences);
      seen.push(held());
    }
    expectFlat(seen, 3e5);
    denoiser.dispose();
  },
  timeout,
);
