/** What must be the same bytes in every engine: runs here and, bundled, in each runtime. */
import { sha256 } from "../src/data/sha256.ts";
import { encodeModel } from "../src/model-file.ts";
import { Purpose, Random } from "../src/rng.ts";
import { train } from "../src/trainer.ts";
import { hasRelaxedSimd } from "../src/wasm/detect.ts";
import { pictures, smallRecipe } from "./pictures.ts";

export interface Fingerprint {
  /** SHA-256 of a million noise values. */
  readonly noise: string;
  /** SHA-256 of the model files of a small training, on one thread and on two. */
  readonly models: readonly string[];
  /** On how many threads each of them was trained. */
  readonly threads: readonly number[];
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
  return {
    noise: await sha256(new Uint8Array(values.buffer)),
    models,
    threads: started,
    relaxedSimd: hasRelaxedSimd(),
  };
}
