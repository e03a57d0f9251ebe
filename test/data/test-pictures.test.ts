import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTestPictures } from "../../src/data/test-pictures.node.ts";
import { DataError } from "../../src/errors.ts";
import { pngBytes } from "../support/png-bytes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-test-pictures-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a picture of one value: grey, or RGB. */
async function picture(name: string, value: number, [width, height, channels] = [3, 2, 1]): Promise<void> {
  const values = new Uint8Array(width! * height! * channels!).fill(value);
  const png = pngBytes({ width: width!, height: height!, colorType: channels === 3 ? 2 : 0, values });
  await writeFile(join(folder, name), png);
}

describe("readTestPictures", () => {
  it("reads photographs in the order of their names", async () => {
    await picture("b.png", 2, [4, 1, 3]);
    await picture("a.png", 1);
    await writeFile(join(folder, "notes.txt"), "none");
    const [a, b, ...rest] = await readTestPictures(folder);
    expect([a!.name, b!.name, rest]).toEqual(["a.png", "b.png", []]);
    expect(a).toEqual({
      name: "a.png",
      clean: { data: new Uint8Array(6).fill(1), width: 3, height: 2, channels: 1 },
    });
    expect(b!.clean.channels).toBe(3);
  });

  it("reads pairs", async () => {
    await picture("b_noisy.png", 21);
    await picture("b_clean.png", 20);
    await picture("a_1_clean.png", 10);
    await picture("a_1_noisy.png", 11);
    const pairs = await readTestPictures(folder);
    expect(pairs.map(({ name, clean, noisy }) => [name, clean.data[0], noisy!.data[0]])).toEqual([
      ["a_1", 10, 11],
      ["b", 20, 21],
    ]);
    expect(pairs[0]!.noisy).toEqual({ data: new Uint8Array(6).fill(11), width: 3, height: 2, channels: 1 });
  });

  const refused = async (message: RegExp) => {
    const error = await readTestPictures(folder).catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(folder);
  };

  it("refuses an empty folder, and none", async () => {
    await refused(/holds no pictures .*; name a folder/);
    await rm(folder, { recursive: true });
    await refused(/cannot be read.*name a folder of pictures/);
  });

  it("refuses a file that is no picture", async () => {
    await picture("a.png", 1);
    await writeFile(join(folder, "b.png"), "words");
    await refused(/b\.png is no picture file; give one of /);
  });

  it.each([
    ["noisy", "clean"],
    ["clean", "noisy"],
  ])("refuses a %s picture without its %s one", async (there, missing) => {
    await picture(`a_${there}.png`, 1);
    await picture("b_noisy.png", 1);
    await picture("b_clean.png", 1);
    await refused(new RegExp(`a_${there}\\.png has no a_${missing} beside it; add a_${missing}\\.png`));
  });

  it("refuses a picture that belongs to no pair", async () => {
    await picture("a_noisy.png", 1);
    await picture("a_clean.png", 1);
    await picture("scene.png", 1);
    await refused(/scene\.png belongs to no pair.*rename it or take it out/);
  });

  it("refuses two halves of one kind", async () => {
    await picture("a_noisy.png", 1);
    await picture("a_noisy.PNG", 1);
    await refused(/a_noisy\.PNG and .*a_noisy\.png are the same half of a pair; take one out/);
  });

  it.each<[string, [number, number, number], RegExp]>([
    ["in another size", [2, 3, 1], /3 × 2 pixels, grey\).*2 × 3 pixels, grey\) are not alike; give two/],
    ["in colour", [3, 2, 3], /3 × 2 pixels, grey\).*3 × 2 pixels, colour\) are not alike; give two/],
  ])("refuses a clean picture %s", async (_, form, message) => {
    await picture("a_noisy.png", 1);
    await picture("a_clean.png", 1, form);
    await refused(message);
  });
});
