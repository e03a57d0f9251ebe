/** Photographs as a data set: channels, sizes, sums, test patches, folders. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Photos } from "../../src/data/images.ts";
import { foldersOf, loadPhotosFrom } from "../../src/data/photo-folders.node.ts";
import { loadPhotos, luma, testPatches, withChannels } from "../../src/data/photos.ts";
import { sha256 } from "../../src/data/sha256.ts";
import { DataError } from "../../src/errors.ts";
import type { Picture } from "../../src/pictures/picture.ts";

const photo = (
  width: number,
  height: number,
  channels: 1 | 3 = 1,
  start = 0,
): Required<Picture<Uint8Array>> => ({
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (start + 7 * i) % 256),
  width,
  height,
  channels,
});
const patch = { height: 4, width: 5, channels: 1 };
const text = (words: string) => new TextEncoder().encode(words);

async function fault(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DataError);
  return (error as Error).message;
}

describe("channels", () => {
  it("colour becomes its luma by the weights of BT.601", () => {
    expect([luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)]).toEqual([76, 150, 29]);
    // 0.299·10 + 0.587·20 + 0.114·200 = 37.53
    expect(luma(10, 20, 200)).toBe(38);
    const colors: Required<Picture<Uint8Array>> = {
      data: Uint8Array.of(255, 0, 0, 10, 20, 200),
      width: 2,
      height: 1,
      channels: 3,
    };
    expect(withChannels(colors, 1)).toEqual({
      data: Uint8Array.of(76, 38),
      width: 2,
      height: 1,
      channels: 1,
    });
  });

  it("grey stays what it is, there and back", () => {
    const grey: Required<Picture<Uint8Array>> = {
      data: Uint8Array.from({ length: 256 }, (_, i) => i),
      width: 16,
      height: 16,
      channels: 1,
    };
    const colors = withChannels(grey, 3);
    expect([...colors.data.subarray(0, 9)]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect(withChannels(colors, 1)).toEqual(grey);
    expect(withChannels(grey, 1)).toBe(grey);
  });
});

describe("test patches", () => {
  it("lie side by side around the middle, as many as fit", () => {
    // 13×9 has 2×2 patches of 5×4, 3 columns and 1 row left over.
    const one = photo(13, 9);
    const { data, count, width, height, labels } = testPatches(
      { photos: [one, photo(5, 4)], count: 2, channels: 1 },
      patch,
    );
    expect([count, width, height, labels.length, data.length]).toEqual([5, 5, 4, 5, 100]);
    const places = [
      [0, 1],
      [0, 6],
      [4, 1],
      [4, 6],
    ] as const;
    for (const [index, [top, left]] of places.entries()) {
      const expected = Array.from(
        { length: 20 },
        (_, i) => one.data[(top + Math.floor(i / 5)) * 13 + left + (i % 5)],
      );
      expect([...data.subarray(20 * index, 20 * index + 20)]).toEqual(expected);
    }
    expect(data.subarray(80)).toEqual(photo(5, 4).data);
  });

  it("are evenly chosen where there are too many, and one of each picture at least", () => {
    const set: Photos = { photos: [photo(50, 4), photo(5, 4)], count: 2, channels: 1 };
    // Room for five patches: two of each picture.
    const some = testPatches(set, patch, 5 * 20);
    expect(some.count).toBe(3);
    // Of ten, the third and the eighth.
    expect(some.data[0]).toBe(set.photos[0]!.data[5 * 2]);
    expect(some.data[20]).toBe(set.photos[0]!.data[5 * 7]);
    expect(testPatches(set, patch, 1).count).toBe(2);
  });

  it("keep colours together", () => {
    const colors = photo(5, 4, 3);
    const { data, channels } = testPatches(
      { photos: [colors], count: 1, channels: 3 },
      { ...patch, channels: 3 },
    );
    expect([channels, data]).toEqual([3, colors.data]);
  });
});

describe("a data set", () => {
  const train = [photo(9, 8), photo(5, 4, 3, 3)];
  const test = [photo(10, 4, 1, 5)];

  it("takes pictures of every kind, keeps bytes, and leaves alpha out", async () => {
    const rgba = new Uint8ClampedArray(4 * 20).map((_, i) => (i % 4 === 3 ? 7 : 10 * (i % 4)));
    const floats = { data: new Float32Array(20).fill(300).fill(99.6, 10), width: 5, height: 4 };
    const set = await loadPhotos(
      { train: [{ data: rgba, width: 5, height: 4 }, floats], test: [photo(5, 4)] },
      { ...patch, channels: 3 },
    );
    expect(set.train.photos.map(({ channels }) => channels)).toEqual([3, 3]);
    expect([...set.train.photos[0]!.data.subarray(0, 6)]).toEqual([0, 10, 20, 0, 10, 20]);
    expect([...set.train.photos[1]!.data.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect([...set.train.photos[1]!.data.subarray(-3)]).toEqual([100, 100, 100]);
  });

  it("names the picture that is none", async () => {
    const broken = { data: new Uint8Array(3), width: 5, height: 4 };
    expect(await fault(loadPhotos({ train: [photo(5, 4), broken], test }, patch))).toMatch(
      /^picture 1 of the training set: The picture has 3 values/,
    );
    const named = { ...broken, name: "a.png" };
    expect(await fault(loadPhotos({ train, test: [named] }, patch))).toMatch(/^a\.png: The picture has 3/);
  });

  it("has pictures of their own sizes with the channels asked for", async () => {
    const set = await loadPhotos({ train, test }, patch, { name: "n", source: "s" });
    expect(set).toMatchObject({ name: "n", source: "s", classNames: [] });
    expect(set.train).toEqual({ photos: [train[0], withChannels(train[1]!, 1)], count: 2, channels: 1 });
    expect(set.test).toMatchObject({ count: 2, height: 4, width: 5, channels: 1 });
    const colors = await loadPhotos({ train, test }, { ...patch, channels: 3 });
    expect(colors.train.photos.map(({ data }) => data.length)).toEqual([3 * 72, 3 * 20]);
    expect(colors.test).toMatchObject({ count: 2, channels: 3 });
  });

  it("has a sum over sizes and bytes, as documented", async () => {
    const { sha256: sum } = await loadPhotos({ train, test }, patch);
    const grey = withChannels(train[1]!, 1).data;
    const first = await sha256(text(`9x8x1 ${await sha256(train[0]!.data)}\n5x4x1 ${await sha256(grey)}\n`));
    const second = await sha256(text(`10x4x1 ${await sha256(test[0]!.data)}\n`));
    expect(sum).toBe(await sha256(text(`${first}\n${second}\n`)));
    const sums = new Set([sum]);
    for (const sets of [
      { train: train.toReversed(), test },
      { train: [...train, ...test], test },
      { train: [{ ...train[0]!, width: 8, height: 9 }, train[1]!], test },
      { train: [{ ...train[0]!, data: train[0]!.data.with(71, 0) }, train[1]!], test },
    ]) {
      sums.add((await loadPhotos(sets, patch)).sha256);
    }
    expect(sums.size).toBe(5);
  });

  it("is refused where it cannot be trained on", async () => {
    expect(await fault(loadPhotos({ train: [], test }, patch))).toMatch(/training set has no pictures; give/);
    expect(await fault(loadPhotos({ train, test: [] }, patch))).toMatch(/test set has no pictures; give/);
    const small = { train: [train[0]!, { ...photo(4, 9), name: "dot.png" }], test };
    expect(await fault(loadPhotos(small, patch))).toMatch(
      /dot\.png has 4 × 9 pixels.*5 × 4; take it out, or set/,
    );
    expect(await fault(loadPhotos({ train, test: [photo(5, 3)] }, patch))).toMatch(
      /picture 0 of the test set/,
    );
    expect(await fault(loadPhotos({ train, test }, { ...patch, channels: 2 }))).toMatch(
      /not 2; set the spec/,
    );
  });
});

describe("a folder", () => {
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-photos-"));
    for (const name of ["many", "two", "one", "wrong"]) await mkdir(at(name));
    for (let i = 0; i < 21; i++) {
      await writeFile(at("many", `${String.fromCharCode(97 + i)}.png`), encode(photo(5 + i, 30 - i, 1, i)));
    }
    await writeFile(at("two", "a.png"), encode(photo(8, 8)));
    await writeFile(at("two", "b.png"), encode(photo(6, 6, 3)));
    await writeFile(at("one", "a.png"), encode(photo(8, 8)));
    await writeFile(at("wrong", "a.png"), encode(photo(8, 8)));
    await writeFile(at("wrong", "b.png"), encode(photo(8, 3)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("keeps the last tenth of its files for the test", async () => {
    const { name, source, train, test } = await loadPhotosFrom(at("many"), patch);
    expect([name, source, train.count]).toEqual(["many", at("many"), 19]);
    const expected = [19, 20].map((i) => photo(5 + i, 30 - i, 1, i));
    expect(test).toEqual(testPatches({ photos: expected, count: 2, channels: 1 }, patch));
    expect((await loadPhotosFrom(at("two"), patch)).train.count).toBe(1);
  });

  it("or takes the test from another one", async () => {
    const { source, train, test } = await loadPhotosFrom(at("many"), patch, { test: at("two") });
    expect([train.count, test.count]).toEqual([21, 3]);
    expect(source).toBe(`${at("many")}, tested on ${at("two")}`);
  });

  it("several give their pictures one folder after the other, and the last tenth of each for the test", async () => {
    const both = [at("many"), at("two")];
    const { name, source, train, test } = await loadPhotosFrom(both, patch);
    expect([name, source]).toEqual(["many and two", both.join(" and ")]);
    expect(train.photos.map(({ width }) => width)).toEqual([
      ...Array.from({ length: 19 }, (_, i) => 5 + i),
      8,
    ]);
    const expected = [photo(24, 11, 1, 19), photo(25, 10, 1, 20), photo(6, 6, 3)].map((one) =>
      withChannels(one, 1),
    );
    expect(test).toEqual(testPatches({ photos: expected, count: 3, channels: 1 }, patch));
    expect(foldersOf(source)).toEqual({ data: both });
    const tested = await loadPhotosFrom(both, patch, { test: at("one") });
    expect([tested.train.count, tested.test.count]).toEqual([23, 2]);
    expect(foldersOf(tested.source)).toEqual({ data: both, test: at("one") });
  });

  it("that cannot be trained on is named, with the file", async () => {
    expect(await fault(loadPhotosFrom(at("one"), patch))).toMatch(/one holds one picture.*add more/);
    expect(await fault(loadPhotosFrom(at("many"), patch, { test: at("many") }))).toMatch(
      /many is a folder to train on/,
    );
    expect(await fault(loadPhotosFrom(at("wrong"), patch))).toMatch(/wrong\/b\.png has 8 × 3 pixels/);
    expect(await fault(loadPhotosFrom(at("two"), patch, { maxPixels: 40 }))).toMatch(
      /a\.png has 8 × 8 .*maxPixels/,
    );
    expect(await fault(loadPhotosFrom(at("two"), { ...patch, channels: 2 }))).toMatch(
      /1 channel \(grey\) or 3/,
    );
  });
});
