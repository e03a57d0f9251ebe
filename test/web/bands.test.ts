/** Large pictures are denoised in bands: to the same bytes as in one. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser, type Denoiser } from "../../src/index.ts";
import { decodeConvModel } from "../../src/model/conv-model.ts";
import { denoiseInBands, type Sight } from "../../web/bands.ts";

class Image {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  constructor(first: Uint8ClampedArray | number, second: number, third?: number) {
    this.data = typeof first === "number" ? new Uint8ClampedArray(4 * first * second) : first;
    this.width = typeof first === "number" ? first : second;
    this.height = typeof first === "number" ? second : third!;
  }
}

/** Noise on a gradient, whose upper part is grey. */
function picture(width: number, height: number): ImageData {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const y = Math.floor(i / width);
    for (let c = 0; c < 3; c++) {
      const noise = (Math.imul(3 * i + (y < 900 ? 0 : c) + 1, 0x9e3779b1) >>> 27) + ((i * 7919) % 13);
      data[4 * i + c] = 80 + y / 30 + noise;
    }
    data[4 * i + 3] = 255;
  }
  return new ImageData(data, width, height);
}

describe("bands of a large picture", () => {
  let denoiser: Denoiser;
  let sight: Sight;
  beforeAll(async () => {
    Object.assign(globalThis, { ImageData: Image });
    const model = Uint8Array.from(
      readFileSync(new URL("../../build/models/photo-tiny.safetensors", import.meta.url)),
    );
    const grey = Uint8Array.from(
      readFileSync(new URL("../../build/models/photo-tiny-grey.safetensors", import.meta.url)),
    );
    sight = decodeConvModel(model, "photo-tiny");
    denoiser = await createDenoiser({ model: [model, grey] });
  });
  afterAll(() => {
    denoiser?.dispose();
    Reflect.deleteProperty(globalThis, "ImageData");
  });

  it.each(["auto", 12] as const)("give the same bytes as the whole, level %s", async (sigma) => {
    const image = picture(809, 2603);
    const whole = await denoiser.denoise(image, { sigma });
    const rows: [number, number][] = [];
    let progress = 0;
    const banded = await denoiseInBands(denoiser, image, sight, {
      sigma,
      onRows: (_, from, to) => rows.push([from, to]),
      onProgress: (done) => {
        progress = done;
      },
    });
    expect(whole.unchanged).toBeUndefined();
    expect(banded.sigma).toBe(whole.sigma);
    expect(Buffer.from(banded.image.data.buffer).equals(Buffer.from(whole.data.buffer))).toBe(true);
    expect(progress).toBe(1);
    // The first is one with colours, though so many rows above have none.
    expect(rows[0]![1]).toBeGreaterThan(900);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.map(([from]) => from)).toEqual([0, ...rows.slice(0, -1).map(([, to]) => to)]);
    expect(rows.at(-1)![1]).toBe(2603);
  });

  it("leave a picture as it is where there is nothing to take away", async () => {
    const image = new ImageData(new Uint8ClampedArray(4 * 1500 * 1500).fill(200), 1500, 1500);
    const { unchanged } = await denoiseInBands(denoiser, image, sight, { sigma: "auto" });
    expect(unchanged).toBe((await denoiser.denoise(image)).unchanged);
    expect(unchanged).toBeDefined();
  });
});
