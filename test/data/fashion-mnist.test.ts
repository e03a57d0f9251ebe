import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  fashionMnistCache,
  findFashionMnistOn,
  loadFashionMnistFrom,
  type Machine,
  thisMachine,
} from "../../src/data/fashion-mnist.node.ts";
import { fashionMnistFiles, loadFashionMnist } from "../../src/data/fashion-mnist.ts";
import { valuesAt } from "../../src/data/images.ts";
import { DataError } from "../../src/errors.ts";
import { idxBytes } from "../support/idx-bytes.ts";

/** Three training and two test pictures of 2 × 3 pixels. */
const tiny = {
  trainImages: idxBytes([3, 2, 3], Array(18).keys()),
  trainLabels: idxBytes([3], [9, 0, 4]),
  testImages: idxBytes([2, 2, 3], Array(12).fill(7)),
  testLabels: idxBytes([2], [1, 2]),
};
const names = Object.values(fashionMnistFiles).map(({ name }) => name);

const hex = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** The message of the DataError that `promise` rejects with. */
async function fault(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => "nothing was wrong",
    (error) => error,
  );
  expect(error).toBeInstanceOf(DataError);
  return error.message;
}

describe("loadFashionMnist", () => {
  it("decodes, without a copy", async () => {
    const data = await loadFashionMnist(tiny, { source: "here" });
    expect(data).toMatchObject({ name: "Fashion-MNIST", source: "here" });
    expect(data.classNames).toHaveLength(10);
    expect(data.train).toMatchObject({ count: 3, height: 2, width: 3, channels: 1 });
    expect([...data.train.labels]).toEqual([9, 0, 4]);
    expect([...valuesAt(data.train, 1)]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(data.train.data.buffer).toBe(tiny.trainImages.buffer);
    expect(data.test).toMatchObject({ count: 2, height: 2, width: 3, channels: 1 });
    expect([...data.test.labels]).toEqual([1, 2]);
    const lines = [tiny.trainImages, tiny.testImages].map((bytes) => `${hex(bytes.subarray(16))}\n`);
    expect(data.sha256).toBe(hex(lines.join("")));
  });

  it("takes gzipped and plain bytes, buffers, blobs and functions", async () => {
    const mixed = await loadFashionMnist({
      trainImages: new Blob([gzipSync(tiny.trainImages)]),
      trainLabels: tiny.trainLabels.buffer as ArrayBuffer,
      testImages: async () => gzipSync(tiny.testImages),
      testLabels: gzipSync(tiny.testLabels),
    });
    expect(mixed).toEqual(await loadFashionMnist(tiny));
  });

  it.each([
    [
      "fewer labels",
      { trainLabels: idxBytes([2], [9, 0]) },
      ["train-images", "train-labels", "3 pic", "2 lab"],
    ],
    [
      "more labels",
      { testLabels: idxBytes([3], [1, 2, 3]) },
      ["t10k-images", "t10k-labels", "2 pic", "3 lab"],
    ],
    [
      "a label of 10",
      { trainLabels: idxBytes([3], [9, 10, 4]) },
      ["train-images", "train-labels", "picture 1"],
    ],
    [
      "images as labels",
      { testImages: tiny.testLabels, testLabels: tiny.testImages },
      ["t10k-images", "t10k-labels", "mixed up"],
    ],
    [
      "flat images",
      { trainImages: idxBytes([3, 6], Array(18).keys()) },
      ["train-images", "train-labels", "3 × 6"],
    ],
    [
      "no images",
      { testImages: idxBytes([0, 2, 3], []), testLabels: idxBytes([0], []) },
      ["t10k-images", "t10k-labels", "no pixels"],
    ],
    [
      "images without width",
      { trainImages: idxBytes([3, 2, 0], []) },
      ["train-images", "train-labels", "no pixels"],
    ],
    [
      "two sizes",
      { testImages: idxBytes([2, 3, 2], Array(12).fill(7)) },
      ["train-images", "t10k-images", "2 × 3", "3 × 2"],
    ],
    [
      "a broken archive",
      { trainImages: gzipSync(tiny.trainImages).subarray(0, -9) },
      ["train-images", "gzip"],
    ],
    ["an empty file", { testLabels: new Uint8Array() }, ["t10k-labels", "0 bytes"]],
    [
      "a path",
      { trainLabels: "train-labels" as unknown as Uint8Array },
      ["train-labels", "not given as bytes"],
    ],
    ["nothing", { trainLabels: undefined as unknown as Uint8Array }, ["train-labels", "not given as bytes"]],
  ])("refuses %s", async (_, change, words) => {
    const message = await fault(loadFashionMnist({ ...tiny, ...change }));
    for (const word of words) expect(message).toContain(word);
  });
});

describe("on disk", () => {
  let home: string;
  let machine: Machine;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "fashion-mnist-"));
    machine = {
      env: {},
      platform: "linux",
      home,
      debianFolder: join(home, "debian"),
      sampleFolder: join(home, "sample"),
    };
  });
  afterEach(() => rm(home, { recursive: true }));

  async function fill(folder: string, nameOf = (name: string) => `${name}.gz`, pack = true): Promise<string> {
    await mkdir(folder, { recursive: true });
    for (const [part, { name }] of Object.entries(fashionMnistFiles)) {
      const bytes = tiny[part as keyof typeof tiny];
      await writeFile(join(folder, nameOf(name)), pack ? gzipSync(bytes) : bytes);
    }
    return folder;
  }

  it.each([
    ["gzipped", (name: string) => `${name}.gz`, true],
    ["plain", (name: string) => name, false],
    ["plain under the gzipped name", (name: string) => `${name}.gz`, false],
    ["gzipped under the plain name", (name: string) => name, true],
  ])("loads files that are %s", async (_, nameOf, pack) => {
    const folder = await fill(join(home, "set"), nameOf, pack);
    expect(await loadFashionMnistFrom(folder)).toEqual(await loadFashionMnist(tiny, { source: folder }));
    expect((await loadFashionMnistFrom(folder, { source: "x" })).source).toBe("x");
  });

  it("names what is missing", async () => {
    const folder = await fill(join(home, "set"));
    await rm(join(folder, "t10k-images-idx3-ubyte.gz"));
    await rm(join(folder, "train-labels-idx1-ubyte.gz"));
    const message = await fault(loadFashionMnistFrom(folder));
    expect(message).toContain(`${folder} does not hold`);
    expect(message).toContain("missing train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz;");
    expect(message).toContain(`denoise-wasm download --out ${folder}`);
  });

  it("says that a folder is empty, or is none", async () => {
    const message = await fault(loadFashionMnistFrom(home));
    expect(message).toContain(`${home} is empty`);
    for (const name of names) expect(message).toContain(name);
    expect(await fault(loadFashionMnistFrom(join(home, "nowhere")))).toContain(join(home, "nowhere"));
    await writeFile(join(home, "file"), "");
    expect(await fault(loadFashionMnistFrom(join(home, "file")))).toContain("cannot be read as a folder");
  });

  it("names the folder and the file that is unreadable or broken", async () => {
    const folder = await fill(join(home, "set"));
    const path = join(folder, "train-labels-idx1-ubyte.gz");
    await writeFile(path, gzipSync(tiny.trainLabels).subarray(0, 12));
    const broken = await fault(loadFashionMnistFrom(folder));
    expect(broken).toContain(folder);
    expect(broken).toContain("train-labels-idx1-ubyte");
    await rm(path);
    await mkdir(path);
    const unreadable = await fault(loadFashionMnistFrom(folder));
    expect(unreadable).toContain(folder);
    expect(unreadable).toContain("train-labels-idx1-ubyte.gz cannot be read");
  });

  it("searches the named folder, the environment's, the cache, Debian's, the sample", async () => {
    const find = async (data?: string) => {
      const { kind, folder, source } = await findFashionMnistOn(machine, { data });
      return [kind, folder, source];
    };
    expect(await fault(find())).toContain("denoise-wasm download");
    const sample = await fill(join(home, "sample"));
    expect(await find()).toEqual(["sample", sample, "embedded sample"]);
    const debian = await fill(join(home, "debian"));
    expect(await find()).toEqual(["debian", debian, debian]);
    const cache = await fill(fashionMnistCache(machine));
    expect(await find()).toEqual(["cache", cache, cache]);
    const environment = await fill(join(home, "environment"));
    machine = { ...machine, env: { FASHION_MNIST_DIR: environment } };
    expect(await find()).toEqual(["environment", environment, environment]);
    const given = await fill(join(home, "given"));
    expect(await find(given)).toEqual(["given", given, given]);
  });

  it("looks nowhere else if a folder is named", async () => {
    await fill(join(home, "sample"));
    const nowhere = join(home, "nowhere");
    expect(await fault(findFashionMnistOn(machine, { data: nowhere }))).toContain(nowhere);
    expect(
      await fault(findFashionMnistOn({ ...machine, env: { FASHION_MNIST_DIR: nowhere } }, {})),
    ).toContain(nowhere);
    expect(await findFashionMnistOn({ ...machine, env: { FASHION_MNIST_DIR: "" } }, {})).toMatchObject({
      kind: "sample",
    });
  });

  it("passes over a cache that is incomplete, and a package without sample", async () => {
    const cache = await fill(fashionMnistCache(machine));
    await rm(join(cache, "train-images-idx3-ubyte.gz"));
    await writeFile(join(cache, "train-images-idx3-ubyte.gz.part"), "");
    await fill(join(home, "sample"));
    expect(await findFashionMnistOn(machine, {})).toMatchObject({ kind: "sample" });
    expect(await fault(findFashionMnistOn({ ...machine, sampleFolder: undefined }, {}))).toContain(cache);
  });

  it("knows each system's cache", () => {
    const cache = (platform: string, env = {}) =>
      fashionMnistCache({ ...machine, home: "/h", platform, env }).replaceAll("\\", "/");
    expect(cache("linux")).toBe("/h/.cache/denoise-wasm/fashion-mnist");
    expect(cache("linux", { XDG_CACHE_HOME: "/x" })).toBe("/x/denoise-wasm/fashion-mnist");
    expect(cache("linux", { XDG_CACHE_HOME: "relative" })).toBe("/h/.cache/denoise-wasm/fashion-mnist");
    expect(cache("darwin")).toBe("/h/Library/Caches/denoise-wasm/fashion-mnist");
    expect(cache("win32")).toBe("/h/AppData/Local/denoise-wasm/fashion-mnist");
    expect(cache("win32", { LOCALAPPDATA: "/l" })).toBe("/l/denoise-wasm/fashion-mnist");
  });
});

describe("the embedded sample", () => {
  const folder = thisMachine().sampleFolder!;

  it("holds each class equally often, well mixed", async () => {
    const { train, test } = await loadFashionMnistFrom(folder);
    expect(train).toMatchObject({ count: 4000, height: 28, width: 28 });
    expect(test).toMatchObject({ count: 1000, height: 28, width: 28 });
    for (const { labels } of [train, test]) {
      for (let start = 0; start < labels.length; start += 10) {
        expect([...labels.subarray(start, start + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }
    }
    const pictures = new Set(Array.from({ length: 4000 }, (_, i) => hex(valuesAt(train, i))));
    expect(pictures.size).toBe(4000);
  });

  it("has the content that its README gives", async () => {
    const readme = await readFile(join(folder, "README.md"), "utf8");
    for (const name of names) {
      const content = gunzipSync(await readFile(join(folder, `${name}.gz`)));
      expect(readme).toContain(`    ${hex(content)}  ${name}\n`);
    }
    const { sha256 } = await loadFashionMnistFrom(folder);
    expect(sha256).toBe("a9cf4b9279c087a5f2ace943d230697f9271a80b013ed51cc25facbff13f6554");
    expect(await readFile(join(folder, "LICENSE"), "utf8")).toContain("Zalando SE");
  });
});
