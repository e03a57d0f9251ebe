/**
 * What denoising takes as users ask for it, with the weights of the package, by the plain and the relaxed SIMD build that the
 * engine has:
 *
 *     node bench/run.js pictures [--turns N] [--quick]
 *
 * First a picture of a size, on one thread and on two, that is told its noise and that is not, after it was verified that all give
 * the bytes of one thread. Then what a photograph of 24 megapixels needs of memory beside itself and the result, on Linux.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Denoiser } from "../src/denoiser/denoiser.ts";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { createDenoiser as createTinyDenoiser } from "../src/denoiser/photo-tiny.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import type { Picture } from "../src/pictures/picture.ts";
import { hasRelaxedSimd, type Mode } from "../src/wasm/detect.ts";
import { addTable, provenance, type Row, writeResults } from "./report.ts";
import { repeat, takeTurns, timesCells } from "./turns.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { turns: { type: "string", default: "7" }, quick: { type: "boolean", default: false } },
});
const turns = options.quick ? 1 : Number(options.turns);

interface Work {
  readonly name: string;
  readonly create: typeof createDenoiser;
  readonly size: readonly [width: number, height: number, channels: 1 | 3];
}

const works: readonly Work[] = [
  { name: "photo, a megapixel", create: createDenoiser, size: [1024, 1024, 3] },
  { name: "photo-grey, a megapixel", create: createDenoiser, size: [1024, 1024, 1] },
  { name: "photo-tiny, 640×480", create: createTinyDenoiser, size: [640, 480, 3] },
  { name: "photo-tiny-grey, 640×480", create: createTinyDenoiser, size: [640, 480, 1] },
];

/** Soft forms with noise of σ = 25. */
function pictureOf([width, height, channels]: Work["size"]): Picture<Uint8ClampedArray> {
  const noise = new Float32Array(width * channels);
  const data = new Uint8ClampedArray(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    new Random(1, Purpose.testNoise, y).fillNormal(noise, 25);
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, i++)
        data[i] = 128 + 60 * Math.sin(x / 90 + c) * Math.cos(y / 70) + noise[x * channels + c]!;
  }
  return { data, width, height, channels };
}

const sameBytes = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Buffer.compare(Buffer.from(a as Uint8Array), Buffer.from(b as Uint8Array)) === 0;

const run = provenance();

const modes: readonly Mode[] = hasRelaxedSimd() ? ["reproducible", "fast"] : ["reproducible"];
for (const mode of modes) {
  const contestants: { row: Row; denoiser: Denoiser; work: () => Promise<unknown> }[] = [];
  for (const { name, create, size } of works) {
    const picture = pictureOf(size);
    let expected: ArrayLike<number> | undefined;
    for (const threads of [1, 2]) {
      const denoiser = await create({ threads, mode });
      for (const sigma of [25, "auto"] as const) {
        const work = () => denoiser.denoise(picture, { sigma });
        if (sigma === 25) {
          const { data } = await work();
          expected ??= data;
          if (!sameBytes(data, expected)) throw new Error(`${name}: ${threads} threads give other bytes`);
        }
        const row = { name, threads, noise: sigma === 25 ? "told" : "found" };
        contestants.push({ row, denoiser, work });
      }
    }
  }
  const times = await takeTurns(
    contestants.map(({ work }) => ({ run: (milliseconds) => repeat(work, milliseconds) })),
    { turns, milliseconds: options.quick ? 1 : 500, quiet: !options.quick },
  );
  for (const { denoiser } of contestants) denoiser.dispose();
  addTable(
    `Pictures, ${mode}, ${turns} turns`,
    contestants.map(({ row }, index) => {
      const cells = timesCells(times[index]!);
      return { ...row, ...cells, "a second": 1000 / cells["median, ms"] };
    }),
  );
}

/** Makes Linux forget the most memory that the process has held. */
const FORGETS = "/proc/self/clear_refs";
if (process.platform === "linux") {
  const status = (key: string) =>
    1024 *
    Number(new RegExp(`^${key}:\\s*(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "latin1"))![1]);
  const rows: Row[] = [];
  for (const threads of [1, 2]) {
    const denoiser = await createDenoiser({ threads });
    const size = options.quick ? ([600, 400, 3] as const) : ([6000, 4000, 3] as const);
    const picture = pictureOf(size);
    writeFileSync(FORGETS, "5");
    const held = status("VmRSS");
    const { data } = await denoiser.denoise(picture);
    const beside = status("VmHWM") - held - data.length;
    rows.push({
      name: `photo, ${size[0]}×${size[1]}`,
      threads,
      "MB beside picture and result": beside / 1e6,
    });
    denoiser.dispose();
  }
  addTable("Memory of a large picture", rows);
}

if (!options.quick) writeResults(`pictures-node${process.versions.node.split(".")[0]}`, run);
