/**
 * What a model makes of sets of photographs, beside the filters that `bench/peers/photo_filters.py` measured:
 *
 *     node bench/run.js photographs --data FOLDER [--model FILE] [--only TABLE]…
 *
 * FOLDER holds the folders Kodak24, BSD68, Set12, real/cc15 and real/nam25; those that are missing are left out. TABLE is one
 * of these, all by default:
 * - gaussian: Gaussian noise of 15, 25 and 50 grey levels, which the model is told
 * - jpeg: Gaussian noise of 5, 10 and 20, then JPEG of quality 75 and 90; the model finds the level
 * - real: the noise of cameras; the model finds the level
 * - time: processor time of one thread for a megapixel, under Gaussian noise of 25, of pictures of Kodak24 and BSD68
 *
 * The figures are those of `denoise-wasm evaluate --set`, which this command runs. The tables are written to
 * photographs.json in bench/results. Without --model, the file of weights in models/ is measured; what the package has of it,
 * in eight bits, is build/edge/photo.safetensors.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { readTestPictures } from "../src/data/test-pictures.node.ts";
import { createDenoiser } from "../src/denoiser/photo.ts";
import type { SetQuality } from "../src/quality/evaluate-set.ts";
import { noisyPicture } from "../src/quality/test-conditions.ts";
import { addTable, provenance, type Row, writeResults } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    data: { type: "string" },
    model: { type: "string", default: "models/photo.safetensors" },
    only: { type: "string", multiple: true, default: ["gaussian", "jpeg", "real", "time"] },
  },
});
if (options.data === undefined) throw new Error("Name the folder of the sets: --data FOLDER.");
const { data: root, model } = options;

/** BM3D for σ = 15, 25 and 50, in dB: in colour from Zhang et al. 2018 (FFDNet; parts of 500×500), in grey from 2017 (DnCNN). */
const published: Readonly<Record<string, { readonly name: string; readonly psnr: readonly number[] }>> = {
  Kodak24: { name: "CBM3D, published", psnr: [34.28, 31.68, 28.46] },
  BSD68: { name: "BM3D, published", psnr: [31.07, 28.57, 25.62] },
  Set12: { name: "BM3D, published", psnr: [32.37, 29.97, 26.72] },
};

/** What `bench/peers/photo_filters.py` writes: figures of each filter under each condition. */
interface Filters {
  readonly conditions: readonly {
    readonly sigma?: number;
    readonly jpeg?: number | null;
    readonly filters: Readonly<
      Record<
        string,
        {
          readonly psnr: number;
          readonly secondsPerMegapixel?: number;
          readonly bestOfSet?: { psnr: number };
        }
      >
    >;
  }[];
}

function gaussian(set: string): void {
  const results = evaluate(set);
  if (!results) return;
  const filters = filtersOf(set);
  const row = (name: string, at: (result: SetQuality, index: number) => number | undefined): Row => {
    const cells = results.map((result, i) => [`σ ${result.condition.sigma}`, decibels(at(result, i))]);
    return { name, ...Object.fromEntries(cells) };
  };
  addTable(`${set}: mean PSNR in dB under Gaussian noise`, [
    row("noisy", ({ mean }) => mean.noisy.psnr),
    row(basename(model), ({ mean }) => mean.denoised.psnr),
    row(published[set]!.name, (_, index) => published[set]!.psnr[index]),
    ...namesOf(filters).map((name) => row(name, (result) => filterAt(filters, name, result)?.psnr)),
  ]);
}

function jpeg(set: string): void {
  const results = evaluate(set, "--levels", "5,10,20", "--jpeg", "75,90", "--best-sigma");
  if (!results) return;
  const filters = filtersOf(`${set}-jpeg`);
  addTable(
    `${set}: mean PSNR in dB of noisy pictures that became JPEG files`,
    results.map((result) => {
      const { condition, mean, pictures } = result;
      const gains = pictures.map(({ noisy, denoised }) => denoised.psnr - noisy.psnr);
      const ofFilters = namesOf(filters).map((name) => [
        name,
        decibels(filterAt(filters, name, result)?.psnr),
      ]);
      return {
        name: `σ ${condition.sigma}, quality ${condition.jpeg}`,
        noisy: decibels(mean.noisy.psnr),
        denoised: decibels(mean.denoised.psnr),
        "at level": mean.denoised.sigma.toFixed(1),
        "best level": decibels(mean.bestOfSet?.psnr),
        "which is": mean.bestOfSet?.sigma.toFixed(1),
        "worst change": decibels(Math.min(...gains)),
        ...Object.fromEntries(ofFilters),
      };
    }),
  );
}

function real(set: string): void {
  const results = evaluate(set, "--best-sigma");
  if (!results) return;
  const filters = filtersOf(basename(set));
  const [{ mean, pictures }] = results as [SetQuality];
  const gains = pictures.map(({ noisy, denoised }) => denoised.psnr - noisy.psnr);
  addTable(`${basename(set)}: mean PSNR in dB under the noise of cameras`, [
    {
      name: "noisy",
      default: decibels(mean.noisy.psnr),
      "best level of the set": undefined,
      "worst change": undefined,
    },
    {
      name: basename(model),
      default: decibels(mean.denoised.psnr),
      "best level of the set": decibels(mean.bestOfSet?.psnr),
      "worst change": decibels(Math.min(...gains)),
    },
    ...namesOf(filters).map((name) => {
      const found = filters!.conditions[0]!.filters[name]!;
      return {
        name,
        default: decibels(found.psnr),
        "best level of the set": decibels(found.bestOfSet?.psnr),
      };
    }),
  ]);
}

/** How many pictures of a set are timed, after one that is not. */
const TIMED = 6;
const TIMED_LEVEL = 25;

async function time(sets: readonly string[]): Promise<void> {
  using denoiser = await createDenoiser({ model: readFileSync(model) });
  const seconds = new Map<string, Record<string, string>>();
  const note = (name: string, set: string, value: number | undefined) =>
    seconds.set(name, { ...seconds.get(name), ...(value && { [set]: value.toFixed(2) }) });
  for (const set of sets.filter((one) => existsSync(join(root!, one)))) {
    const pictures = (await readTestPictures(join(root!, set))).slice(0, 1 + TIMED);
    let used = 0;
    let pixels = 0;
    for (const [index, picture] of pictures.entries()) {
      const noisy = noisyPicture(picture, { sigma: TIMED_LEVEL, told: true }, index);
      const before = process.cpuUsage();
      await denoiser.denoise(noisy, { sigma: TIMED_LEVEL });
      const { user, system } = process.cpuUsage(before);
      if (index === 0) continue;
      used += (user + system) / 1e6;
      pixels += noisy.width * noisy.height;
    }
    note(basename(model), set, (1e6 * used) / pixels);
    const condition = filtersOf(set)?.conditions.find(({ sigma }) => sigma === TIMED_LEVEL);
    for (const [name, { secondsPerMegapixel }] of Object.entries(condition?.filters ?? {}))
      note(name, set, secondsPerMegapixel);
  }
  const headings = Object.fromEntries(sets.map((set) => [set, undefined]));
  addTable(
    "processor time of one thread in seconds for a megapixel",
    [...seconds].map(([name, row]) => ({ name, ...headings, ...row })),
  );
}

/** What the command line measures; undefined where the set is not there. */
function evaluate(set: string, ...further: string[]): SetQuality[] | undefined {
  const folder = join(root!, set);
  if (!existsSync(folder)) {
    console.log(`\n${set} is left out: there is no ${folder}.`);
    return undefined;
  }
  const parameters = ["build/esm/cli.js", "evaluate", model, "--set", folder, ...further, "--json"];
  const output = execFileSync(process.execPath, parameters, { encoding: "utf8", maxBuffer: 2 ** 28 });
  return JSON.parse(output).results;
}

function filtersOf(set: string): Filters | undefined {
  const file = `bench/results/filters-${set}.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function namesOf(filters: Filters | undefined): string[] {
  return Object.keys(filters?.conditions[0]?.filters ?? {});
}

function filterAt(filters: Filters | undefined, name: string, { condition }: SetQuality) {
  return filters?.conditions.find(
    ({ sigma, jpeg }) => sigma === condition.sigma && (jpeg ?? undefined) === condition.jpeg,
  )?.filters[name];
}

function decibels(value: number | undefined): string | undefined {
  return value?.toFixed(2);
}

const run = provenance();
for (const table of options.only) {
  if (table === "gaussian") ["Kodak24", "BSD68", "Set12"].forEach(gaussian);
  else if (table === "jpeg") jpeg("Kodak24");
  else if (table === "real") ["real/cc15", "real/nam25"].forEach(real);
  else if (table === "time") await time(["Kodak24", "BSD68"]);
  else throw new Error(`There is no table ${table}.`);
}
writeResults("photographs", { ...run, model });
