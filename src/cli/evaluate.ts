import { Command } from "commander";
import { pairsOf } from "../batches.ts";
import { denoiseAll, evaluate } from "../evaluate.ts";
import { networkOf, requireFit } from "../model.ts";
import { loadModel } from "../node.ts";
import { noiseName } from "../noise.ts";
import { Purpose } from "../rng.ts";
import { loadData } from "./data.ts";
import { qualityHead, qualityRows, textTable, verdict } from "./quality-table.ts";

/** `denoise-wasm evaluate MODEL`: its quality on the test images. */
export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("measure a model on the test images, under the noise it was trained on and its run's seed")
    .argument("<model>", "a model file, such as runs/…/model.safetensors")
    .option("--data <dir>", "the folder that holds Fashion-MNIST's four IDX files (default: the best found)")
    .option("--json", "print the figures as JSON")
    .action(run);
}

async function run(path: string, options: { data?: string; json?: boolean }): Promise<void> {
  const model = await loadModel(path);
  const data = await loadData(options.data);
  requireFit(model.spec, data.test, path);
  const network = await networkOf(model, { batch: Math.min(100, data.test.count) });
  const pairs = pairsOf(data.test, model.noise, model.provenance.seed, Purpose.testNoise);
  const result = evaluate(pairs, denoiseAll(network, pairs));
  if (options.json) return console.log(JSON.stringify(result));
  console.log(`${result.images} test images (${data.source}), ${noiseName(model.noise)}:`);
  console.log(`${textTable(qualityHead, qualityRows(result))}\n\n${verdict(result)}`);
}
