/** The package as npm packs it, where tests run and where TypeScript compiles, beside packages for pictures. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { execute, install, pack } from "../support/example-runs.ts";
import { noisyPictures } from "../support/noisy-pictures.ts";

const sigma = 25;
/** What makes a test slow is npm. */
const timeout = 240_000;

describe("tools", () => {
  let folder: string;
  let tarball: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-tools-"));
    tarball = await pack(folder);
  }, timeout);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    "Jest runs the package in both ways that docs/testing.md names",
    async () => {
      const copy = await install("test/examples/jest", folder, tarball);
      await execute(copy, "npm", ["test"]);
      await execute(copy, "npm", ["run", "test-without-flag"]);
    },
    timeout,
  );

  it(
    "Vitest runs the package",
    async () => {
      const copy = await install(["test/examples/jest", "test/examples/vitest"], folder, tarball);
      await execute(copy, "npm", ["test"]);
    },
    timeout,
  );

  it(
    "TypeScript, the oldest and the latest: pictures of other packages go in and come back, in ES modules and CommonJS",
    async () => {
      const copy = await install("test/examples/typescript", folder, tarball);
      const [picture] = await noisyPictures(1, sigma);
      const { noisy: data, width, height, png } = picture!;
      await writeFile(join(copy, "noisy.png"), png);
      const denoiser = await createDenoiser();
      const expected = (await denoiser.denoise({ data, width, height }, { sigma })).data;
      for (const compiler of ["typescript-oldest", "typescript"]) {
        const tsc = `node_modules/${compiler}/bin/tsc`;
        await execute(copy, process.execPath, [tsc, "-p", "."]);
        await execute(copy, process.execPath, [tsc, "-p", ".", "--module", "node16"]);
      }
      await execute(copy, process.execPath, ["out/pictures.js"]);
      await execute(copy, process.execPath, ["out/script.cjs"]);
      for (const name of ["sharp", "pngjs", "napi", "script"]) {
        const file = decode(await readFile(join(copy, `${name}.png`)));
        const grey = file.data.filter((_, i) => i % file.channels === 0);
        expect([file.width, file.height, new Uint8Array(grey)], name).toEqual([width, height, expected]);
      }
    },
    timeout,
  );
});
