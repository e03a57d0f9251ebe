/** Pictures of 16 bits through the command line: nothing is lost of what the network makes of them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { encodeAny, readPicture } from "../../src/pictures/picture-files.node.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

const sharp = (await import("sharp").catch(() => undefined))?.default;
const endings = sharp ? ["png", "tif"] : ["png"];
const SIGMA = 25;

describe("16 bits with noise of 25 grey levels", () => {
  let folder: string;
  let clean: Awaited<ReturnType<typeof readPicture>>;
  let noisy: Uint16Array<ArrayBuffer>;
  let expected: number;
  const psnrOf = (data: ArrayLike<number>) => psnr(clean.data, data);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-deep-"));
    clean = await readPicture("data/photographs/parrots.png");
    const noise = normal(clean.data.length, 1, SIGMA);
    noisy = Uint16Array.from(clean.data, (value, i) =>
      Math.min(65_535, Math.max(0, Math.round(257 * (value + noise[i]!)))),
    );
    const denoiser = await createDenoiser();
    const floats = { ...clean, data: Float32Array.from(noisy, (value) => value / 257) };
    const { data } = await denoiser.denoise(floats, { sigma: SIGMA });
    expected = psnrOf(data.map((value) => Math.min(255, Math.max(0, value))));
    expect(expected).toBeGreaterThan(psnrOf(floats.data) + 8);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(endings)("in a .%s file", async (ending) => {
    const input = join(folder, `in.${ending}`);
    await writeFile(input, await encodeAny({ ...clean, data: noisy }, input, {}));
    const output = `out.${ending}`;
    const { code, stderr } = await runCli(folder, ["denoise", input, "-o", output, "--sigma", `${SIGMA}`]);
    expect([code, stderr]).toEqual([0, ""]);
    const { data } = await readPicture(join(folder, output));
    expect(data).toBeInstanceOf(Uint16Array);
    expect(new Set(data).size).toBeGreaterThan(256);
    expect(Math.abs(psnrOf(Float32Array.from(data, (value) => value / 257)) - expected)).toBeLessThan(0.01);
    if (sharp) expect((await sharp(join(folder, output)).metadata()).depth).toBe("ushort");
  });
});
