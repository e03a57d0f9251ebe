/** `quality: "best"`: the mean of what becomes of the eight orientations, to the last bit. */
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { viewsOf } from "../../src/denoiser/views.ts";
import { SpecError } from "../../src/errors.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { networkCases } from "../support/unets.ts";

type Floats = Required<Picture<Float32Array>>;

const pictureOf = (width: number, height: number, channels: number): Floats => ({
  data: normal(width * height * channels, 6, 25).map((value, i) => value + 128 + 90 * Math.sin(i / 90)),
  width,
  height,
  channels,
});

/** Where each value of the picture comes from, after a change of its pixels' places. */
function moved(
  { data, channels }: Floats,
  width: number,
  height: number,
  from: (x: number, y: number) => number,
): Floats {
  const values = new Float32Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++)
        values[(y * width + x) * channels + c] = data[from(x, y) * channels + c]!;
  return { data: values, width, height, channels };
}
const mirrored = (picture: Floats): Floats => {
  const { width, height } = picture;
  return moved(picture, width, height, (x, y) => y * width + width - 1 - x);
};
const upsideDown = (picture: Floats): Floats => {
  const { width, height } = picture;
  return moved(picture, width, height, (x, y) => (height - 1 - y) * width + x);
};
const transposed = (picture: Floats): Floats => {
  const { width, height } = picture;
  return moved(picture, height, width, (x, y) => x * width + y);
};

/** The eight orientations in their order: what is done to the picture, and the same backwards. */
const orientations = Array.from({ length: 8 }, (_, number) => {
  const steps = [mirrored, upsideDown, transposed].filter((_, bit) => number & (1 << bit));
  const all = (order: typeof steps) => (picture: Floats) =>
    order.reduce((turned, step) => step(turned), picture);
  return { turn: all(steps), back: all(steps.toReversed()) };
});

const cases = [
  ["a chain for grey pictures", { white: 255 }],
  ["a U-net of three scales", { ...networkCases[2]![1], white: 255 }],
  [
    "an RGB model that puts out the picture",
    { channels: 3, hidden: [8], dilations: [2, 2], residual: false },
  ],
] as [string, Parameters<typeof convModel>[0]][];

describe.each(cases)("best quality: %s", (_, options) => {
  const model = convModel(options);

  it.each([
    [1, 1, 1],
    [37, 22, 1],
    [20, 41, 2],
    [30, 21, 3],
    [19, 28, 4],
  ])("%d × %d pixels of %d channels", async (width, height, channels) => {
    const picture = pictureOf(width, height, channels);
    const settings = { sigma: 20, strength: 0.9 };
    using plain = await createDenoiser({ model });
    const sum = new Float32Array(picture.data.length);
    for (const { turn, back } of orientations) {
      const { data } = await plain.denoise(turn(picture), settings);
      back({ ...turn(picture), data }).data.forEach((value, i) => {
        sum[i]! += value;
      });
    }
    const isAlpha = (i: number) => channels % 2 === 0 && i % channels === channels - 1;
    const mean = sum.map((value, i) => (isAlpha(i) ? picture.data[i]! : value / 8));
    const best = await plain.denoise(picture, { ...settings, quality: "best" });
    expect(best).toEqual({ ...picture, data: mean, sigma: 20 });
    const standard = await plain.denoise(picture, { ...settings, quality: "standard" });
    expect(standard).toEqual(await plain.denoise(picture, settings));
    if (width > 1) expect(best.data).not.toEqual(standard.data);
    const whole = picture.data.map(Math.round);
    const bytes = Uint8Array.from(Uint8ClampedArray.from(whole));
    const ofBytes = await plain.denoise({ ...picture, data: bytes }, { ...settings, quality: "best" });
    const floats = Float32Array.from(bytes);
    const ofFloats = await plain.denoise({ ...picture, data: floats }, { ...settings, quality: "best" });
    expect([...ofBytes.data]).toEqual([...Uint8ClampedArray.from(ofFloats.data)]);
    using team = await createDenoiser({ model, threads: 3 });
    expect(await team.denoise(picture, { ...settings, quality: "best" })).toEqual(best);
  });
});

describe("best quality", () => {
  it("is the same for windows on several threads, and reports its progress", async () => {
    const model = convModel({ hidden: [5] });
    const picture = pictureOf(300, 260, 1);
    using plain = await createDenoiser({ model });
    using team = await createDenoiser({ model, threads: 4 });
    const seen: number[] = [];
    const onProgress = (part: number) => seen.push(part);
    const [alone, together] = await Promise.all([
      plain.denoise(picture, { sigma: 20, quality: "best" }),
      team.denoise(picture, { sigma: 20, quality: "best", onProgress }),
    ]);
    expect(Buffer.compare(Buffer.from(together.data.buffer), Buffer.from(alone.data.buffer))).toBe(0);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });

  it("commutes with turning the picture, up to the rounding of the sum", async () => {
    const picture = pictureOf(33, 20, 1);
    using denoiser = await createDenoiser({ model: convModel() });
    const best = async (given: Floats): Promise<Floats> => ({
      ...given,
      data: (await denoiser.denoise(given, { sigma: 20, quality: "best" })).data,
    });
    const here = await best(picture);
    for (const { turn, back } of orientations) {
      const there = back(await best(turn(picture)));
      // Eight values of at most 512 are added up in another order.
      for (const [i, value] of there.data.entries())
        expect(Math.abs(value - here.data[i]!)).toBeLessThan((8 * 8 * 512 * 2 ** -24) / 8);
    }
  });

  it("has views of which each shows every pixel once, no two alike", () => {
    const [width, height, channels] = [4, 3, 2];
    const seen = viewsOf(8, width, height, channels).map((view) => {
      const places = Array.from(
        { length: view.width * view.height },
        (_, i) => view.origin + Math.floor(i / view.width) * view.down + (i % view.width) * view.right,
      );
      expect(places.toSorted((a, b) => a - b)).toEqual(places.map((_, i) => i * channels));
      return `${view.width}: ${places}`;
    });
    expect(new Set(seen).size).toBe(8);
  });

  it("is the only one beside the standard", async () => {
    using denoiser = await createDenoiser({ model: convModel() });
    for (const quality of ["good", 8, null]) {
      const options = { quality } as Parameters<typeof denoiser.denoise>[1];
      await expect(denoiser.denoise(pictureOf(4, 4, 1), options)).rejects.toThrow(SpecError);
    }
  });
});
