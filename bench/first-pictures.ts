/** Cold start: from the import to the first denoised picture of 28 × 28, in fresh processes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { encodeModel } from "../src/model/model-file.ts";
import { version } from "./contestants.ts";
import { referenceOutput } from "./conv-reference.ts";
import { type ConvWorkload, pictureWorkload, recipe, SEED } from "./conv-workload.ts";
import { installPeers } from "./peer-modules.ts";
import { printTable, timesCells, timesHeadings } from "./report.ts";
import { summary } from "./timing.ts";
import { verifyInference } from "./verify.ts";

const PROCESSES = 9;
const SIDE = 28;
const SIGMA = 25;
const script = "bench/peers/first-picture.js";

/** Times, verifies and prints this package and onnxruntime-web, in turns. */
export async function firstPictures() {
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-"));
  try {
    const workload = await pictureWorkload({ height: SIDE, width: SIDE });
    const picture = join(folder, "picture.f32");
    writeFileSync(
      picture,
      workload.noisy.map((value) => 255 * value),
    );
    const contestants = await writeModels(workload, folder);
    const times = contestants.map(() => [] as number[]);
    for (let i = 0; i < PROCESSES; i++) {
      for (const [index, { name, model }] of contestants.entries()) {
        const args = [script, name, model, picture, `${SIDE}`, `${SIGMA}`];
        const { milliseconds, output } = JSON.parse(
          execFileSync(process.execPath, args, { encoding: "utf8" }),
        );
        const values = Float32Array.from(output as number[], (value) => value / 255);
        const contestant = { name, version: "", output: async () => values, run: () => 0 };
        await verifyInference([contestant], referenceOutput(workload));
        times[index]!.push(milliseconds);
      }
    }
    const results = contestants.map(({ name }, index) => ({ name, ...summary(times[index]!) }));
    printTable(
      `Cold start: from the import to the first picture of ${SIDE} × ${SIDE}, in ${PROCESSES} fresh processes each`,
      ["", ...timesHeadings, "of denoise-wasm"],
      results.map(({ name, ...times }) => [
        name,
        ...timesCells(times),
        `${(times.median / results[0]!.median).toFixed(2)}×`,
      ]),
    );
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes the network as each contestant reads it. */
async function writeModels(workload: ConvWorkload, folder: string) {
  const { convModel } = await import(pathToFileURL("bench/peers/onnx-file.js").href);
  const { spec, noise, name } = recipe;
  const ours = encodeModel({
    spec,
    range: [0, 255],
    noise,
    provenance: {
      recipe: name,
      dataset: "none",
      dataSha256: "0".repeat(64),
      trainingImages: 0,
      seed: SEED,
      epochs: 0,
      variant: "simd",
      packageVersion: version,
    },
    parameters: workload.parameters,
  });
  const models = [
    { name: "denoise-wasm", bytes: ours },
    ...(installPeers() ? [{ name: "onnxruntime-web wasm", bytes: convModel(workload) }] : []),
  ];
  return models.map(({ name, bytes }, index) => {
    const model = join(folder, `model${index}`);
    writeFileSync(model, bytes);
    return { name, model };
  });
}
