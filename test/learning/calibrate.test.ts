/** Calibration with the package's smallest model, on pictures whose noise is known. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { opaqueBytes } from "../../src/data/photos.ts";
import { DataError, SpecError } from "../../src/errors.ts";
import type { CalibrateOptions } from "../../src/learning/calibrate.ts";
import { createDenoiser } from "../../src/learning/calibrating-denoiser.ts";
import { type Calibration, noiseLevels } from "../../src/learning/calibration.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { normal } from "../support/networks.ts";

const small = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../build/models/${name}.safetensors`, import.meta.url)));
const denoiser = await createDenoiser({ model: [small("photo-tiny"), small("photo-tiny-grey")] });
afterAll(() => denoiser.dispose());

const range = [0, 255] as const;
const side = 160;

/** A picture of slopes and discs, from 10 to 245. */
function scene(channels: number): Float32Array {
  return Float32Array.from({ length: side * side * channels }, (_, i) => {
    const c = i % channels;
    const [x, y] = [Math.floor(i / channels) % side, Math.floor(i / channels / side)];
    const slope = 30 + (190 * (c === 1 ? y : x)) / side;
    const disc = Math.hypot((x % 50) - 25, (y % 40) - 20) < 8 + 3 * c ? 40 : 0;
    return x < side / 2 ? slope + disc : slope - disc;
  });
}

/** Noise that grows with brightness. */
const levelAt = (value: number) => 3 + 0.1 * value;

const noisy = (clean: Float32Array, stream: number): Float32Array => {
  const noise = normal(clean.length, stream);
  return clean.map((value, i) => value + levelAt(value) * noise[i]!);
};

const pictureOf = <Values extends Float32Array | Uint16Array>(data: Values, channels: number) => ({
  data,
  width: side,
  height: side,
  channels,
});

describe.each([1, 3])("pictures of %i channels", (channels) => {
  const clean = scene(channels);
  const data = noisy(clean, 7000);
  const picture = pictureOf(data, channels);
  const quality = (result: ArrayLike<number>) => psnr(clean, Float32Array.from(result));
  let calibration: Calibration;
  beforeAll(async () => {
    calibration = await denoiser.calibrate([picture], { range });
  });

  it("learns how strong the noise is where", () => {
    const values = [60, 100, 140, 180, 210];
    for (const [i, level] of noiseLevels(calibration, values).entries()) {
      // From one picture of this size, the level at a single value is known within about a quarter.
      expect(level / levelAt(values[i]!)).toBeGreaterThan(0.7);
      expect(level / levelAt(values[i]!)).toBeLessThan(1.4);
    }
  });

  it("denoises better with that than without, also another picture of the same source", async () => {
    const auto = quality((await denoiser.denoise(picture, { range })).data);
    for (const stream of [7000, 7001]) {
      const given = pictureOf(noisy(clean, stream), channels);
      const copy = given.data.slice();
      const calibrated = await denoiser.denoise(given, { range, calibration });
      expect(quality(calibrated.data)).toBeGreaterThan(auto + 0.5);
      expect(given.data).toEqual(copy);
      expect(calibrated).toMatchObject({ width: side, height: side, channels });
      // The root mean square of the noise is 16 grey levels.
      expect(Math.abs(calibrated.sigma - 16)).toBeLessThan(3);
    }
  });

  it("gives the same for values of any range", async () => {
    const fractions = pictureOf(
      data.map((value) => (value - 20) / 1000),
      channels,
    );
    const scaled = [-0.02, 0.235] as const;
    const other = await denoiser.calibrate([fractions], { range: scaled });
    const { data: result } = await denoiser.denoise(fractions, { range: scaled, calibration: other });
    const expected = quality((await denoiser.denoise(picture, { range, calibration })).data);
    expect(Math.abs(quality(result.map((value) => 1000 * value + 20)) - expected)).toBeLessThan(0.1);
    // Of 16 bits.
    const words = pictureOf(
      Uint16Array.from(data, (value) => Math.round(100 * (value + 100))),
      channels,
    );
    const wordRange = [10_000, 35_500] as const;
    const of16 = await denoiser.calibrate([words], { range: wordRange });
    const whole = await denoiser.denoise(words, { range: wordRange, calibration: of16 });
    expect(whole.data).toBeInstanceOf(Uint16Array);
    expect(
      Math.abs(quality(Float32Array.from(whole.data, (value) => value / 100 - 100)) - expected),
    ).toBeLessThan(0.1);
  });
});

describe("a calibration without a range", () => {
  it("is as good as with one, for counts that fill little of 16 bits", async () => {
    const clean = scene(1);
    const noise = normal(clean.length, 7400);
    // Photons up to 200, beside 20 counts of black.
    const data = Uint16Array.from(clean, (value, i) => {
      const photons = (200 * value) / 255;
      return Math.round(20 + photons + Math.sqrt(photons) * noise[i]!);
    });
    const picture = pictureOf(data, 1);
    const quality = (counts: Uint16Array) =>
      psnr(
        clean,
        Float32Array.from(counts, (n) => ((n - 20) / 200) * 255),
      );
    const range = [20, 220] as const;
    const [given, found] = [
      await denoiser.denoise(picture, { range, calibration: await denoiser.calibrate([picture], { range }) }),
      await denoiser.denoise(picture, { calibration: await denoiser.calibrate([picture]) }),
    ];
    expect(quality(found.data)).toBeGreaterThan(quality(data) + 5);
    expect(Math.abs(quality(found.data) - quality(given.data))).toBeLessThan(0.1);
  });
});

describe("weak noise in a picture full of texture", () => {
  it("is not found much too strong, so that the picture does not become worse", async () => {
    const photo = opaqueBytes(await readPicture("data/photographs/lighthouse.png"));
    const clean = Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, photo.height - side + Math.floor(i / side)];
      return photo.data[(y * photo.width + x) * photo.channels + 1]!;
    });
    const noise = normal(clean.length, 7500, 4);
    const picture = pictureOf(
      clean.map((value, i) => value + noise[i]!),
      1,
    );
    const calibration = await denoiser.calibrate([picture], { range });
    const { data } = await denoiser.denoise(picture, { range, calibration });
    expect(psnr(clean, data)).toBeGreaterThan(psnr(clean, picture.data));
  });
});

describe("a calibration", () => {
  const picture = pictureOf(noisy(scene(1), 7100), 1);
  const few: CalibrateOptions = { range, steps: 30 };

  it("takes pictures whose parts are not their own properties, such as an ImageData", async () => {
    const given: typeof picture = Object.create(picture);
    expect(await denoiser.calibrate([given], few)).toEqual(await denoiser.calibrate([picture], few));
    const calibration = await denoiser.calibrate([given], few);
    const { data } = await denoiser.denoise(given, { range, calibration });
    expect(data).toHaveLength(side * side);
  });

  it("is the same for the same seed, and another for another", async () => {
    const [one, same, other] = [
      await denoiser.calibrate([picture], { ...few, seed: 1 }),
      await denoiser.calibrate([picture], few),
      await denoiser.calibrate([picture], { ...few, seed: 2 }),
    ];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it("takes several pictures of several sizes and colours, with alpha", async () => {
    const color = { data: new Float32Array(20 * 17 * 4), width: 20, height: 17, channels: 4 };
    for (let i = 0; i < color.data.length; i++) color.data[i] = i % 4 === 3 ? 255 : (i * 37) % 200;
    const calibration = await denoiser.calibrate([picture, color], few);
    expect(JSON.stringify(calibration).length).toBeLessThan(4096);
    const { data } = await denoiser.denoise(color, { calibration, range });
    expect(data.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
    expect(data).not.toEqual(color.data);
  });

  it("takes a colour picture with a model for grey ones", async () => {
    using grey = await createDenoiser({ model: small("photo-tiny-grey") });
    const data = noisy(scene(3), 7200);
    const calibration = await grey.calibrate([pictureOf(data, 3)], { range });
    const denoised = await grey.denoise(pictureOf(data, 3), { calibration, range });
    expect(psnr(scene(3), denoised.data)).toBeGreaterThan(psnr(scene(3), data) + 5);
  });

  it("finds out whether neighbours share their noise, and then how strong it is", async () => {
    const noise = normal(side * side, 7300, 20);
    const at = (i: number) => noise[i] ?? 0;
    const spread = noise.map((_, i) => (at(i) + at(i - 1) + at(i - side) + at(i - side - 1)) / 2);
    const given = pictureOf(
      scene(1).map((value, i) => value + spread[i]!),
      1,
    );
    const [wrong] = noiseLevels(await denoiser.calibrate([given], { range, spread: false }), [120]);
    const calibration = await denoiser.calibrate([given], { range });
    expect(calibration.spread).toBe(true);
    expect(calibration).toEqual(await denoiser.calibrate([given], { range, spread: true }));
    expect(noiseLevels(calibration, [120])[0]).toBeGreaterThan(1.5 * wrong!);
    const best = await denoiser.denoise(given, { range, calibration });
    expect(psnr(scene(1), best.data)).toBeGreaterThan(psnr(scene(1), given.data) + 3);
  });

  it("blends by strength, and rounds whole numbers", async () => {
    const bytes = {
      ...picture,
      data: Uint8Array.from(picture.data, (value) => Math.min(255, Math.max(0, Math.round(value)))),
    };
    const calibration = await denoiser.calibrate([bytes], { steps: 30 });
    const whole = await denoiser.denoise(bytes, { calibration });
    expect(whole.data).toBeInstanceOf(Uint8Array);
    const none = await denoiser.denoise(bytes, { calibration, strength: 0 });
    expect(none.data).toEqual(bytes.data);
    const half = await denoiser.denoise(bytes, { calibration, strength: 0.5 });
    for (const [i, value] of half.data.entries())
      expect(Math.abs(value - (whole.data[i]! + bytes.data[i]!) / 2)).toBeLessThanOrEqual(1);
  });

  it("tells how far it is, and can be aborted", async () => {
    const parts: number[] = [];
    await denoiser.calibrate([picture], { ...few, onProgress: (part) => parts.push(part) });
    expect(parts.at(-1)).toBe(1);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const options = { range, steps: 100_000, signal: controller.signal, onProgress };
    await expect(denoiser.calibrate([picture], options)).rejects.toThrow("enough");
  });

  // biome-ignore lint/suspicious/noExplicitAny: what JavaScript passes
  it.each<[string, any, any, new () => Error, RegExp]>([
    ["no picture", [], {}, SpecError, /^pictures has to be a list of one picture or more/],
    ["a picture alone", picture, {}, SpecError, /^pictures has to be a list/],
    ["what is no picture", [{}], {}, DataError, /data has to be/],
    [
      "a small picture",
      [{ data: new Uint8Array(15 * 99), width: 99, height: 15 }],
      {},
      DataError,
      /15 pixels.*at least 16/,
    ],
    [
      "a picture of one value",
      [{ data: new Uint8Array(400).fill(7), width: 20, height: 20 }],
      {},
      DataError,
      /values.*are 7 grey levels/,
    ],
    ["a wrong option", [picture], { range, step: 5 }, SpecError, /no option "step"/],
    ["steps of another kind", [picture], { range, steps: 1.5 }, SpecError, /steps/],
    ["a seed below 0", [picture], { range, seed: -1 }, SpecError, /seed/],
    [
      "no range for fractions",
      [{ ...picture, data: picture.data.map((value) => value / 255) }],
      {},
      DataError,
      /Pass `range`/,
    ],
  ])("is refused of %s", async (_, pictures, options, type, message) => {
    const error = await denoiser.calibrate(pictures, options).catch((error) => error);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });

  it("is not made any more once the denoiser was disposed of", async () => {
    const gone = await createDenoiser({ model: small("photo-tiny-grey") });
    gone.dispose();
    await expect(gone.calibrate([picture], few)).rejects.toThrow(/was disposed of/);
  });

  it("leaves the event loop its turns, also for large pictures", async () => {
    const large = { data: new Uint16Array(3000 * 3000), width: 3000, height: 3000, channels: 1 };
    for (let i = 0; i < large.data.length; i++) large.data[i] = 20_000 + ((i * 2_654_435_761) % 10_007);
    let before = process.cpuUsage().user;
    let longest = 0;
    const timer = setInterval(() => {
      const now = process.cpuUsage().user;
      longest = Math.max(longest, now - before);
      before = now;
    });
    await denoiser.calibrate([large], { steps: 10 });
    clearInterval(timer);
    // In microseconds of processor time; to convert and sort all 9 million values took over a second.
    expect(longest).toBeLessThan(400_000);
  });

  it("is refused where it is none, or a level is given beside it", async () => {
    const calibration = await denoiser.calibrate([picture], few);
    const wrong = denoiser.denoise(picture, { range, calibration: {} as Calibration });
    await expect(wrong).rejects.toThrow(/^The calibration is not of the format/);
    await expect(denoiser.denoise(picture, { range, calibration, sigma: 5 })).rejects.toThrow(
      /^sigma has to be left out, since the calibration knows the level, but is 5/,
    );
  });
});
