/** What must be the same bytes in every engine: runs here and, bundled, in each runtime. */
import { decodeCheckpoint, encodeCheckpoint } from "../src/checkpoint.ts";
import { sha256 } from "../src/data/sha256.ts";
import { encodeModel } from "../src/model-file.ts";
import { Purpose, Random } from "../src/rng.ts";
import { resume, train } from "../src/trainer.ts";
import { hasRelaxedSimd } from "../src/wasm/detect.ts";
import { pictures, smallConvRecipe, smallRecipe } from "./pictures.ts";

export interface Fingerprint {
  /** SHA-256 of a million noise values. */
  readonly noise: string;
  /** SHA-256 of the model files of a small training, on one thread and on two. */
  readonly models: readonly string[];
  /** On how many threads each of them was trained. */
  readonly threads: readonly number[];
  /** SHA-256 of the model files of a training of convolutions, and of the same one with an interruption. */
  readonly interrupted: readonly [string, string];
  /** Epochs that were left when it was interrupted: wherever it was when others first had a turn. */
  readonly epochsLeft: number;
  readonly relaxedSimd: boolean;
}

export async function fingerprint(): Promise<Fingerprint> {
  const values = new Float32Array(1_000_000);
  new Random(1, Purpose.trainingNoise, 0).fillNormal(values);
  const recipe = smallRecipe({ size: [4, 5], units: [13, 7, 20], epochs: 3, batch: 6 });
  const models: string[] = [];
  const started: number[] = [];
  for (const threads of [1, 2, 3, 4]) {
    const training = train(recipe, pictures(20, [4, 5]), { seed: 1, mode: "reproducible", threads });
    models.push(await sha256(encodeModel(await training.model())));
    started.push(training.threads!);
  }
  const { epochsLeft, interrupted } = await interruption();
  return {
    interrupted,
    epochsLeft,
    noise: await sha256(new Uint8Array(values.buffer)),
    models,
    threads: started,
    relaxedSimd: hasRelaxedSimd(),
  };
}

async function interruption(): Promise<Pick<Fingerprint, "interrupted" | "epochsLeft">> {
  const recipe = smallConvRecipe({ size: [4, 5], epochs: 300, batch: 6 });
  const data = pictures(20, [4, 5]);
  const without = await train(recipe, data, { threads: 1 }).model();
  const stop = new AbortController();
  const training = train(recipe, data, { threads: 2, signal: stop.signal, onProgress: () => stop.abort() });
  await training.model().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  const checkpoint = decodeCheckpoint(encodeCheckpoint(training.checkpoint()), "checkpoint");
  const model = await resume(checkpoint, data, { threads: 1 }).model();
  return {
    interrupted: [await sha256(encodeModel(without)), await sha256(encodeModel(model))],
    epochsLeft: recipe.epochs - checkpoint.epochs.length,
  };
}
