/** Patches of pictures: where they are cut, how they are turned, and how often. */
import { describe, expect, it } from "vitest";
import { NO_STREAM } from "../../assembly/constants.ts";
import type { Images, Photos } from "../../src/data/images.ts";
import { luma } from "../../src/data/photos.ts";
import { SpecError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { batchSource, requireTrainable } from "../../src/training/batches.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { copyView, drawOrientation, PatchSource } from "../../src/training/patches.ts";
import { parseRecipe, type Recipe } from "../../src/training/recipes.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { networkFor } from "../../src/training/training-state.ts";
import { sameBytes } from "../support/bytes.ts";
import { convSpec } from "../support/conv-networks.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";

/** A picture whose every value is another, as far as bytes go. */
const raster = (width: number, height: number, channels = 1, start = 0): Required<Picture<Uint8Array>> => ({
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (start + i) % 256),
  width,
  height,
  channels,
});

type Pixels = number[][][];
const pixelsOf = ({ data, width, height, channels }: Required<Picture<Uint8Array>>): Pixels =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => [
      ...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
    ]),
  );
/** The last row becomes the first column: a quarter turn clockwise. */
const turn = (picture: Pixels): Pixels => picture[0]!.map((_, x) => picture.map((row) => row[x]!).reverse());
const mirror = (picture: Pixels): Pixels => picture.map((row) => [...row].reverse());

describe("a view", () => {
  it.each([1, 3])("shows all eight orientations of a square, %i channels", (channels) => {
    const photo = raster(7, 6, channels);
    const patch = pixelsOf(photo)
      .slice(2, 5)
      .map((row) => row.slice(3, 6));
    const seen = new Set<string>();
    let turned = patch;
    for (let turns = 0; turns < 4; turns++, turned = turn(turned)) {
      for (const mirrored of [false, true]) {
        const out = new Uint8Array(9 * channels);
        copyView(out, { photo, top: 2, left: 3, turns, mirrored }, 3, 3);
        expect([...out]).toEqual((mirrored ? mirror(turned) : turned).flat(2));
        seen.add(out.join());
      }
    }
    expect(seen.size).toBe(8);
  });

  it("is mirrored also where it is not square", () => {
    const photo = raster(7, 6);
    const patch = pixelsOf(photo)
      .slice(1, 6)
      .map((row) => row.slice(4, 7));
    const out = new Uint8Array(15);
    copyView(out, { photo, top: 1, left: 4, turns: 0, mirrored: true }, 5, 3);
    expect([...out]).toEqual(mirror(patch).flat(2));
  });
});

/** √ of the number of tries: 5 standard errors of a count are less than 5 of these. */
const even = (counts: ReadonlyMap<unknown, number>, kinds: number, tries: number) => {
  expect(counts.size).toBe(kinds);
  const expected = tries / kinds;
  for (const count of counts.values()) {
    expect(Math.abs(count - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected * (1 - 1 / kinds)));
  }
};

describe("what is drawn", () => {
  const tries = 40_000;
  const base = smallRecipe({ size: [3, 3], units: [9] });

  it.each([
    ["flips and rotations", { flips: true, rotations: true }, 8],
    ["rotations", { rotations: true }, 4],
    ["flips", { flips: true }, 2],
    ["nothing", {}, 1],
  ])("%s: every orientation as often as any other", (_, keys, kinds) => {
    const counts = new Map<string, number>();
    for (let index = 0; index < tries; index++) {
      const { turns, mirrored } = drawOrientation(
        { ...base, ...keys },
        new Random(1, Purpose.augmentation, index),
      );
      counts.set(`${turns} ${mirrored}`, (counts.get(`${turns} ${mirrored}`) ?? 0) + 1);
    }
    even(counts, kinds, tries);
  });

  it("every patch of the set as often as any other, none beyond a border", () => {
    // 2×3 patches: 3·2, 1·1 and 2·4 of them.
    const photos = [raster(4, 4), raster(3, 2), raster(6, 3)];
    const source = new PatchSource({ photos, count: 3, channels: 1 }, { height: 2, width: 3 });
    const counts = new Map<string, number>();
    for (let index = 0; index < tries; index++) {
      const { photo, top, left } = source.draw(new Random(1, Purpose.augmentation, index));
      expect(top >= 0 && left >= 0 && top + 2 <= photo.height && left + 3 <= photo.width).toBe(true);
      const name = `${photos.indexOf(photo)} ${top} ${left}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    even(counts, 6 + 1 + 8, tries);
  });
});

const patchRecipe = (batch = 4): Recipe => ({
  ...smallRecipe({ size: [8, 8], units: [] }),
  spec: convSpec([8, 8, 1], [[4], [1]], { residual: true, noiseLevel: true, white: 1 }),
  noise: { model: "poisson-gaussian", gain: [0, 2], sigma: [0, 9], drawn: "fresh" },
  order: "shuffled",
  flips: true,
  rotations: true,
  patchesPerEpoch: 10,
  batch,
  epochs: 2,
});
const photos: Photos = {
  photos: [raster(20, 9), raster(8, 8, 1, 77), raster(11, 30, 1, 13)],
  count: 3,
  channels: 1,
};
const data = { name: "three", sha256: "0".repeat(64), train: photos };

describe("training on patches", () => {
  const shown = async (recipe: Recipe, epoch: number) => {
    const network = await networkFor(recipe, 10, 3, { threads: 1 });
    const source = batchSource(recipe, photos, 3);
    const seen: number[][] = [];
    for (let first = 0; first < 10; first += recipe.batch) {
      const rows = Math.min(recipe.batch, 10 - first);
      source(network, epoch, first, rows);
      for (let row = 0; row < rows; row++) {
        const picture = <T extends ArrayLike<number>>(values: T & { subarray(a: number, b: number): T }) =>
          Array.from(values.subarray(64 * row, 64 * (row + 1)));
        seen.push([...picture(network.target), ...picture(network.input), network.sigma[row]!]);
      }
    }
    await network.dispose();
    return seen;
  };

  it("shows the same patches with the same noise in batches of any size, others in each epoch", async () => {
    const first = await shown(patchRecipe(), 1);
    for (const batch of [1, 3, 10]) expect(await shown(patchRecipe(batch), 1)).toEqual(first);
    const second = await shown(patchRecipe(), 2);
    expect(new Set([...first, ...second].map((patch) => patch.join())).size).toBe(20);
  });

  it("gives the same bytes on any number of threads, and counts patches", async () => {
    const alone = train(patchRecipe(), data, { seed: 5, threads: 1 });
    const bytes = encodeModel(await alone.model());
    expect((await alone.model()).provenance.trainingImages).toBe(3);
    for (const threads of [2, 3]) {
      const model = await train(patchRecipe(), data, { seed: 5, threads }).model();
      expect(sameBytes(encodeModel(model), bytes)).toBe(true);
    }
    for await (const { seconds, imagesPerSecond } of train(patchRecipe(), data)) {
      expect(imagesPerSecond * seconds).toBeCloseTo(10);
    }
  });

  it("interrupted and gone on with gives the same bytes", async () => {
    const recipe = { ...patchRecipe(), epochs: 3 };
    const whole = encodeModel(await train(recipe, data, { seed: 5, threads: 1 }).model());
    const training = train(recipe, data, { seed: 5, threads: 2 });
    await training.next();
    await training.return();
    const checkpoint = await decodeCheckpoint(await encodeCheckpoint(training.checkpoint()), "checkpoint");
    expect(checkpoint.epochs).toHaveLength(1);
    const model = await resume(checkpoint, data, { threads: 1 }).model();
    expect(sameBytes(encodeModel(model), whole)).toBe(true);
  });

  it("takes them from pictures of one size too", async () => {
    const { train: images } = pictures(6, [12, 10]);
    const model = await train(patchRecipe(), { ...data, train: images }, { threads: 1 }).model();
    expect(model.provenance.trainingImages).toBe(6);
    const one: Photos = {
      photos: [0, 1, 2, 3, 4, 5].map((i) => ({
        ...images,
        data: images.data.subarray(120 * i, 120 * (i + 1)),
      })),
      count: 6,
      channels: 1,
    };
    const same = await train(patchRecipe(), { ...data, train: one }, { threads: 1 }).model();
    expect(sameBytes(encodeModel(same), encodeModel(model))).toBe(true);
  });
});

describe("the level that a network is told", () => {
  const set: Photos = { photos: [raster(40, 21, 1), raster(19, 30, 1, 13)], count: 2, channels: 1 };
  const recipe = (toldLevel?: Recipe["toldLevel"]): Recipe => ({
    ...patchRecipe(200),
    spec: convSpec([8, 8, 1], [[4], [1]], { residual: true, noiseLevel: true, white: 1 }),
    noise: {
      model: "mixture",
      of: [
        { share: 1, noise: { model: "gaussian", sigma: [5, 55] } },
        { share: 1, noise: { model: "speckle", contrast: [0.1, 0.3] } },
      ],
      drawn: "fresh",
    },
    ...(toldLevel !== undefined && { toldLevel }),
    patchesPerEpoch: 200,
  });
  const told = async (toldLevel?: Recipe["toldLevel"]) => {
    const network = await networkFor(recipe(toldLevel), 200, 3, { threads: 1 });
    batchSource(recipe(toldLevel), set, 3)(network, 1, 0, 200);
    const isGaussian = Array.from({ length: 200 }, (_, row) => network.streams[3 * row + 1] !== NO_STREAM);
    const shown = { levels: Array.from(network.sigma), input: network.input.slice(), isGaussian };
    await network.dispose();
    return shown;
  };

  it("is that of its noise; of noise that is not Gaussian, the part of it that the recipe says", async () => {
    const real = await told();
    expect(await told(1)).toEqual(real);
    const wrong = await told([0.5, 1.5]);
    expect(wrong.input).toEqual(real.input);
    const parts = wrong.levels.map((level, row) => level / real.levels[row]!);
    const of = (gaussian: boolean) => parts.filter((_, row) => real.isGaussian[row] === gaussian);
    expect(new Set(of(true))).toEqual(new Set([1]));
    const others = of(false);
    expect(others.length).toBeGreaterThan(50);
    expect(new Set(others).size).toBe(others.length);
    expect(Math.min(...others)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...others)).toBeLessThan(1.5);
    const mean = others.reduce((sum, part) => sum + part, 0) / others.length;
    // The standard deviation of a number drawn uniformly from a range of length 1 is 1 / √12.
    expect(Math.abs(mean - 1)).toBeLessThan(5 / Math.sqrt(12 * others.length));
  });

  it("is refused where there is none to be told, or the noise is drawn once", () => {
    const blind = { ...recipe(0.5), spec: convSpec([8, 8, 1], [[4], [1]], { residual: true, white: 1 }) };
    const fault = /toldLevel .* noiseLevel, and noise that is drawn "fresh"/;
    expect(() => parseRecipe(blind)).toThrow(fault);
    for (const toldLevel of [0, -1, [1, 0.5]])
      expect(() => parseRecipe({ ...recipe(), toldLevel } as Recipe)).toThrow(SpecError);
  });
});

describe("grey patches of colour pictures", () => {
  const colours: Photos = {
    photos: [raster(40, 21, 3), raster(19, 30, 3, 13)],
    count: 2,
    channels: 3,
  };
  const recipe = (noise: Recipe["noise"], greyShare: number): Recipe => ({
    ...patchRecipe(200),
    spec: convSpec([8, 8, 3], [[4], [3]], { residual: true, noiseLevel: true, white: 1 }),
    noise,
    greyShare,
    patchesPerEpoch: 200,
  });
  const gaussian: Recipe["noise"] = { model: "gaussian", sigma: [5, 55], drawn: "fresh" };

  /** Each patch's clean and noisy values, behind a step, which draws noise, and its level. */
  const shown = async (noise: Recipe["noise"], greyShare: number) => {
    const network = await networkFor(recipe(noise, greyShare), 200, 3, { threads: 1 });
    batchSource(recipe(noise, greyShare), colours, 3)(network, 1, 0, 200);
    network.step();
    const patches = Array.from({ length: 200 }, (_, row) => {
      const part = [192 * row, 192 * (row + 1)] as const;
      const clean = Array.from(network.target.slice(...part));
      return { clean, noisy: Array.from(network.input.slice(...part)), sigma: network.sigma[row]! };
    });
    await network.dispose();
    return patches;
  };
  const isGrey = (values: readonly number[]) => values.every((value, i) => value === values[i - (i % 3)]);

  it.each<[string, Recipe["noise"]]>([
    ["Gaussian noise", gaussian],
    ["other noise", { model: "poisson-gaussian", gain: [0.1, 2], sigma: [1, 9], drawn: "fresh" }],
  ])("have their luma and one noise in all channels: %s", async (_, noise) => {
    const all = await shown(noise, 0);
    expect(all.some(({ clean }) => isGrey(clean))).toBe(false);
    const half = await shown(noise, 0.5);
    const grey = half.filter(({ clean }) => isGrey(clean));
    even(
      new Map([
        [true, grey.length],
        [false, 200 - grey.length],
      ]),
      2,
      200,
    );
    for (const [index, { clean, noisy, sigma }] of half.entries()) {
      const { clean: colour, sigma: level } = all[index]!;
      expect(sigma).toBe(level);
      if (!isGrey(clean)) {
        expect(half[index]).toEqual(all[index]);
        continue;
      }
      expect(isGrey(noisy)).toBe(true);
      const lumas = colour.map((_, i) =>
        luma(...(colour.slice(i - (i % 3), i - (i % 3) + 3) as [number, number, number])),
      );
      expect(clean).toEqual(lumas);
      // The root mean square of 64 values, whose standard error is a sixteenth, in nearly white noise.
      const square = noisy.reduce((sum, value, i) => sum + (value - clean[i]!) ** 2, 0) / 192;
      if (noise === gaussian)
        expect(Math.abs(Math.sqrt(square) / sigma - 1)).toBeLessThan(5 / Math.sqrt(128));
    }
  });

  it.each<[string, unknown]>([
    ["grey pictures", { ...patchRecipe(), greyShare: 0.5 }],
    [
      "noise drawn once",
      {
        ...recipe({ ...gaussian, drawn: "once" }, 0.5),
        order: "file",
        flips: false,
        rotations: false,
        patchesPerEpoch: undefined,
      },
    ],
  ])("are refused with %s", (_, refused) => {
    expect(() => parseRecipe(JSON.parse(JSON.stringify(refused)))).toThrow(
      /greyShare .* 3 channels and noise .* "fresh"/,
    );
  });
});

describe("what cannot be trained on", () => {
  const { patchesPerEpoch: _, ...whole } = patchRecipe();
  const images = (height: number, width: number, channels = 1): Images => ({
    ...{ data: new Uint8Array(height * width * channels), count: 1, height, width, channels },
  });

  it.each<[string, Recipe, Images | Photos, RegExp]>([
    ["photographs without patches", whole, photos, /sizes of their own.*patchesPerEpoch/],
    ["pictures of another size without patches", whole, images(9, 8), /8×8×1.*9×8×1/],
    ["a picture lower than a patch", patchRecipe(), images(7, 90), /8×8×1.*three is smaller/],
    [
      "a picture narrower than a patch",
      patchRecipe(),
      { ...photos, photos: [raster(7, 90)], count: 1 },
      /8×8×1.*three is smaller/,
    ],
    ["colour", patchRecipe(), images(9, 9, 3), /8×8×1.*other channels/],
    ["a batch larger than an epoch", patchRecipe(11), photos, /batch of 11.*10 patches.*smaller batch/],
  ])("%s", (_, recipe, set, message) => {
    expect(() => requireTrainable(recipe, set, "three")).toThrow(SpecError);
    expect(() => requireTrainable(recipe, set, "three")).toThrow(message);
    expect(() => train(recipe, { ...data, train: set })).toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    [
      "noise drawn once",
      { ...patchRecipe(), noise: { model: "gaussian", sigma: 9, drawn: "once" } },
      /patchesPerEpoch need noise .* "fresh"/,
    ],
    ["the order of the file", { ...patchRecipe(), order: "file" }, /its order is "shuffled"/],
    ["no patches", { ...patchRecipe(), patchesPerEpoch: 0 }, /patchesPerEpoch has to be at least 1/],
    ["half a patch", { ...patchRecipe(), patchesPerEpoch: 2.5 }, /patchesPerEpoch has to be a whole number/],
    [
      "a turn of what is not square",
      { ...patchRecipe(), spec: { ...patchRecipe().spec, input: { height: 8, width: 9, channels: 1 } } },
      /8×9 are not square.*Leave rotations out/,
    ],
  ])("a recipe with %s", (_, recipe, message) => {
    expect(() => parseRecipe(recipe)).toThrow(SpecError);
    expect(() => parseRecipe(recipe)).toThrow(message);
  });
});
