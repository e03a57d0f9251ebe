/** Sets of photographs and pairs, measured with denoisers that are simple enough to say what has to come out. */
import { describe, expect, it } from "vitest";
import type { TestPicture } from "../../src/data/images.ts";
import type { Denoiser } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { DenoiseOptions } from "../../src/denoiser/request.ts";
import { SpecError } from "../../src/errors.ts";
import { addNoiseTo } from "../../src/noise/noise.ts";
import { Purpose } from "../../src/noise/rng.ts";
import { throughJpeg } from "../../src/pictures/through-jpeg.ts";
import { measureSet } from "../../src/quality/evaluate-set.ts";
import { meanSsim, psnr } from "../../src/quality/metrics.ts";
import { SET_SEED } from "../../src/quality/test-conditions.ts";
import { convModel } from "../support/conv-models.ts";

function clean(width: number, height: number, channels: 1 | 3): TestPicture["clean"] {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => (i * 7 + ((i * i) >> 5)) % 256,
  );
  return { data, width, height, channels };
}
const pictures: readonly TestPicture[] = [
  { name: "grey", clean: clean(14, 11, 1) },
  { name: "colour", clean: clean(13, 17, 3) },
];

/** Float32 values with noise as the protocol has it: the noise of picture `index` of the fixed seed. */
function noisyValues(index: number, sigma: number): Float32Array {
  const { clean } = pictures[index]!;
  const noisy = new Float32Array(clean.data.length);
  const place = { seed: SET_SEED, purpose: Purpose.testNoise, index };
  addNoiseTo(clean, noisy, { model: "gaussian", sigma }, place);
  return noisy;
}
const rounded = (values: ArrayLike<number>) => Uint8Array.from(new Uint8ClampedArray(values));

/** A denoiser that adds 0.6 to every value, and notes what it was called with. */
function plusDenoiser() {
  const calls: { data: ArrayLike<number>; channels: number | undefined; options: DenoiseOptions }[] = [];
  const denoiser = {
    denoise: async (picture: { data: Float32Array; channels: number }, options: DenoiseOptions) => {
      calls.push({ data: picture.data, channels: picture.channels, options });
      const sigma = options.sigma === "auto" ? 4 : options.sigma;
      return { ...picture, data: picture.data.map((value) => value + 0.6), sigma };
    },
  } as unknown as Denoiser;
  return { denoiser, calls };
}

describe("measureSet on photographs", () => {
  it("gives float32 values that are not clipped, tells σ, and clips and rounds what comes out", async () => {
    const { denoiser, calls } = plusDenoiser();
    const conditions = [
      { sigma: 15, told: true },
      { sigma: 50, told: true },
    ];
    const results = await measureSet(denoiser, pictures, conditions);
    expect(results.map(({ condition }) => condition)).toEqual(conditions);
    expect(calls.map(({ options }) => options)).toEqual([15, 15, 50, 50].map((sigma) => ({ sigma })));
    for (const [step, { sigma }] of conditions.entries()) {
      for (const [index, { name, clean }] of pictures.entries()) {
        const noisy = noisyValues(index, sigma);
        expect(calls[2 * step + index]!.data).toEqual(noisy);
        expect(Math.min(...noisy)).toBeLessThan(0);
        const output = rounded(noisy.map((value) => value + 0.6));
        expect(results[step]!.pictures[index]).toEqual({
          name,
          noisy: { psnr: psnr(noisy, clean.data), ssim: meanSsim(noisy, clean.data, clean) },
          denoised: { psnr: psnr(output, clean.data), ssim: meanSsim(output, clean.data, clean), sigma },
        });
      }
    }
  });

  it("means over the pictures, whatever their sizes", async () => {
    const { denoiser } = plusDenoiser();
    const [result] = await measureSet(denoiser, pictures, [{ sigma: 25, told: true }]);
    const [a, b] = result!.pictures;
    const half = (x: number, y: number) => (x + y) / 2;
    expect(result!.mean).toEqual({
      noisy: { psnr: half(a!.noisy.psnr, b!.noisy.psnr), ssim: half(a!.noisy.ssim, b!.noisy.ssim) },
      denoised: {
        psnr: half(a!.denoised.psnr, b!.denoised.psnr),
        ssim: half(a!.denoised.ssim, b!.denoised.ssim),
        sigma: 25,
      },
    });
    // A mean over all values would be nearer to the colour picture, which has four times as many.
    expect(Math.abs(a!.noisy.psnr - b!.noisy.psnr)).toBeGreaterThan(0.01);
  });

  it("lets the denoiser find σ where it is not told, and passes settings on", async () => {
    const { denoiser, calls } = plusDenoiser();
    const seen: [string, number, object][] = [];
    const parts: number[] = [];
    const condition = { sigma: 20, told: false };
    const [result] = await measureSet(denoiser, pictures, [condition], {
      settings: { strength: 0.5 },
      onNoisy: async ({ data }, { name }, condition) => {
        seen.push([name, data.length, condition]);
      },
      onProgress: (part) => parts.push(part),
    });
    expect(calls.map(({ options }) => options)).toEqual(Array(2).fill({ strength: 0.5, sigma: "auto" }));
    expect(result!.mean.denoised.sigma).toBe(4);
    expect(result!.mean).not.toHaveProperty("bestOfSet");
    expect(seen).toEqual([
      ["grey", 14 * 11, condition],
      ["colour", 13 * 17 * 3, condition],
    ]);
    expect(parts).toEqual([0.5, 1]);
  });

  it("gives bytes that went through a JPEG file after the noise was clipped and rounded", async () => {
    const { denoiser, calls } = plusDenoiser();
    const conditions = [{ sigma: 10, jpeg: 75, told: false }];
    const [result] = await measureSet(denoiser, pictures, conditions);
    for (const [index, { clean }] of pictures.entries()) {
      const { data } = throughJpeg({ ...clean, data: rounded(noisyValues(index, 10)) }, 75);
      expect(calls[index]!.data).toEqual(data);
      expect(result!.pictures[index]!.noisy.psnr).toBe(psnr(data, clean.data));
    }
  });

  it("runs the public denoiser, on values that it alone decides how to round", async () => {
    using denoiser = await createDenoiser({ model: convModel() });
    const [result] = await measureSet(denoiser, pictures, [{ sigma: 25, told: true }]);
    const { width, height, channels, data } = pictures[1]!.clean;
    const noisy = { data: noisyValues(1, 25), width, height, channels };
    const output = (await denoiser.denoise(noisy, { sigma: 25 })).data;
    expect(output).not.toEqual(noisy.data);
    expect(result!.pictures[1]!.denoised.psnr).toBe(psnr(rounded(output), data));
  });

  it("refuses pictures that are too small for SSIM, by name", async () => {
    const { denoiser, calls } = plusDenoiser();
    const small = [...pictures, { name: "small.png", clean: clean(10, 30, 1) }];
    const error = await measureSet(denoiser, small, [{ sigma: 5, told: true }]).catch((error) => error);
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(/at least 11 × 11 pixels; small\.png has 10 × 30\. Use larger/);
    expect(calls).toEqual([]);
  });
});

describe("measureSet on pairs", () => {
  const pairs: readonly TestPicture[] = [8, 24].map((sigma, index) => {
    const { clean } = pictures[index]!;
    return { name: `${sigma}`, clean, noisy: { ...clean, data: rounded(noisyValues(index, sigma)) } };
  });

  /** A denoiser that takes away the more of the noise, the nearer to the true level it is told; it finds 3. */
  const knowing = {
    denoise: async (picture: { data: Uint8Array }, { sigma: asked }: DenoiseOptions) => {
      const index = pairs.findIndex(({ noisy }) => noisy!.data.length === picture.data.length);
      const sigma = asked === "auto" ? 3 : asked!;
      const left = Math.min(1, Math.abs(sigma - [8, 24][index]!) / 24);
      const { data } = pairs[index]!.clean;
      return {
        ...picture,
        data: picture.data.map((value, i) => data[i]! + left * (value - data[i]!)),
        sigma,
      };
    },
  } as unknown as Denoiser;

  it("measures the noise that they have", async () => {
    const { denoiser, calls } = plusDenoiser();
    const [result] = await measureSet(denoiser, pairs, [{ told: false }]);
    for (const [index, { clean, noisy }] of pairs.entries()) {
      expect(calls[index]!.data).toBe(noisy!.data);
      expect(calls[index]!.options).toEqual({ sigma: "auto" });
      expect(result!.pictures[index]!.noisy.psnr).toBe(psnr(noisy!.data, clean.data));
    }
  });

  it("finds the best level of the set and of each picture", async () => {
    const options = { bestSigma: true };
    const [result] = await measureSet(knowing, pairs, [{ told: false }], options);
    const { mean, pictures } = result!;
    expect(pictures.map(({ denoised }) => denoised.sigma)).toEqual([3, 3]);
    expect(pictures[0]!.bestOfEach).toEqual({ psnr: Infinity, ssim: expect.closeTo(1, 12), sigma: 8 });
    // 24 itself is not tried: 25, the nearest, leaves a 24th of the noise, which rounding may take away too.
    expect(pictures[1]!.bestOfEach!.sigma).toBe(25);
    // Of one level for both, 8 makes the first perfect.
    expect(pictures.map(({ bestOfSet }) => bestOfSet!.sigma)).toEqual([8, 8]);
    expect(mean.bestOfSet!.psnr).toBe(Infinity);
    expect(mean.bestOfEach!.sigma).toBe((8 + 25) / 2);
    for (const { denoised, bestOfEach } of pictures) expect(bestOfEach!.psnr).toBeGreaterThan(denoised.psnr);
  });

  it("does not look for it where the level is told", async () => {
    const { denoiser, calls } = plusDenoiser();
    const options = { bestSigma: true };
    const [told] = await measureSet(denoiser, pictures, [{ sigma: 5, told: true }], options);
    expect([calls.length, told!.mean.bestOfSet]).toEqual([2, undefined]);
  });
});
