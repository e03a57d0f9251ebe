/**
 * The state of a training between two of its steps: network, optimiser and position in the run. What the next step does
 * depends on nothing else. Nothing here depends on time: trainer.ts has the clock and the events.
 */

import type { Images, Photos } from "../data/images.ts";
import { DivergenceError, SpecError } from "../errors.ts";
import { initialize } from "../network/initialize.ts";
import { MOST_WEIGHT } from "../network/limits.ts";
import { Network, type NetworkOptions } from "../network/network.ts";
import { trainingFlop } from "../network/spec.ts";
import type { Mode } from "../wasm/detect.ts";
import { defaultThreads } from "../wasm/threads.ts";
import {
  type BatchSource,
  batchAt,
  batchCount,
  batchSource,
  epochSize,
  isDrawnInStep,
  lastBatchOf,
} from "./batches.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { checkpointTensors } from "./checkpoint-tensors.ts";
import { Optimizer } from "./optimizer.ts";
import type { Recipe } from "./recipe.ts";
import { learningRateAt } from "./schedule.ts";

export class TrainingState {
  /** The epoch that is under way or comes next, from 1. */
  epoch = 1;
  /** The number of batches of that epoch that are done. */
  batches = 0;
  /** The sum of the loss over the pictures of those batches. */
  lossSum = 0;
  /** The number of pictures or patches that an epoch shows. */
  readonly #count: number;
  /** The number of batches of an epoch. */
  readonly #batchCount: number;
  /** Undefined once the training has ended. */
  #source: BatchSource | undefined;
  readonly #optimizer: Optimizer;
  /** Whether a step has begun and failed. */
  #broken = false;

  /**
   * @param network the network that `networkFor` made
   * @param from the checkpoint to go on from; if left out, the training starts at the beginning
   */
  constructor(
    readonly network: Network,
    readonly recipe: Recipe,
    set: Images | Photos,
    seed: number,
    from?: Pick<Checkpoint, "position" | "tensors">,
  ) {
    this.#count = epochSize(recipe, set.count);
    this.#batchCount = batchCount(this.#count, recipe.batch);
    this.#source = batchSource(recipe, set, seed);
    if (from) ({ epoch: this.epoch, batches: this.batches, lossSum: this.lossSum } = from.position);
    this.#optimizer = new Optimizer(network, recipe, this.#steps);
    if (from) {
      for (const { name, parameter, kind } of checkpointTensors(recipe)) {
        network.set(parameter, from.tensors.get(name)!, kind);
      }
    }
  }

  /** The number of pictures of the epoch that are done. */
  get imagesDone(): number {
    return Math.min(this.batches * this.recipe.batch, this.#count);
  }

  /** Whether every batch of the epoch is done. */
  get atEndOfEpoch(): boolean {
    return this.batches === this.#batchCount;
  }

  /** Trains on the next batch of the epoch. @throws DivergenceError if its loss is not finite */
  step(): void {
    const { network, recipe } = this;
    const { first, rows } = batchAt(this.batches, this.#count, recipe.batch);
    this.#broken = true;
    this.#source!(network, this.epoch, first, rows);
    this.#optimizer.beforeStep(learningRateAt(recipe, this.#steps, recipe.epochs * this.#batchCount));
    const loss = network.step(rows);
    this.batches++;
    if (!Number.isFinite(loss)) throw this.#diverged(`the loss is ${loss} in`);
    this.lossSum += loss * rows;
    this.#broken = false;
  }

  /**
   * Ends the training. It releases the noisy pictures, which are four times as large as the clean ones if their noise was
   * drawn once. The tensors are kept.
   */
  end(): void {
    this.#source = undefined;
  }

  /** Goes on to the next epoch. @returns the mean loss of the one that ended */
  endEpoch(): number {
    const loss = this.lossSum / this.#count;
    this.epoch++;
    this.batches = 0;
    this.lossSum = 0;
    return loss;
  }

  /**
   * A copy of the model's parameters: their averages if the recipe has `averaging`.
   * @throws DivergenceError if one is not finite, or larger than readers take
   */
  parameters(): Map<string, Float32Array> {
    const weights = this.network.parameters(this.recipe.averaging ? "average" : "value");
    for (const [name, values] of weights) this.#requireFinite(name, values, MOST_WEIGHT);
    return weights;
  }

  /** A copy of all tensors that the next step depends on. @throws DivergenceError; SpecError after a step that failed */
  tensors(): Map<string, Float32Array> {
    if (this.#broken) {
      throw new SpecError(
        "A step of this training failed: nothing can go on from it. Use an earlier checkpoint.",
      );
    }
    return new Map(
      checkpointTensors(this.recipe).map(({ name, parameter, kind }) => {
        const values = this.network.get(parameter, kind);
        // No reader takes larger weights; what the optimiser keeps may be larger.
        const isWeight = kind === "value" || kind === "average";
        this.#requireFinite(name, values, isWeight ? MOST_WEIGHT : Number.MAX_VALUE);
        return [name, values];
      }),
    );
  }

  /** The number of steps of the whole run that are done. */
  get #steps(): number {
    return (this.epoch - 1) * this.#batchCount + this.batches;
  }

  #requireFinite(name: string, values: Float32Array, most: number): void {
    const wrong = values.find((value) => !(Math.abs(value) <= most));
    if (wrong !== undefined) throw this.#diverged(`${name} has ${wrong} after`);
  }

  #diverged(what: string): DivergenceError {
    const [epoch, batch] = this.batches > 0 ? [this.epoch, this.batches] : [this.epoch - 1, this.#batchCount];
    return new DivergenceError(
      `Training diverged: ${what} epoch ${epoch}, batch ${batch}. Use a smaller learning rate.`,
      epoch,
      batch,
    );
  }
}

/**
 * The network that a recipe trains, with the initial weights that the seed gives.
 * @param count pictures in an epoch
 * @throws SpecError if the recipe needs more memory than WebAssembly can have; DenoiseError if there is less here
 */
export async function networkFor(
  { name, spec, batch, optimizer, loss, averaging, noise }: Recipe,
  count: number,
  seed: number,
  { mode, threads, threadWorkerUrl }: { mode?: Mode; threads?: number; threadWorkerUrl?: string | URL },
): Promise<Network> {
  const lastBatch = lastBatchOf(count, batch);
  const options: NetworkOptions = {
    batch,
    training: {
      optimizer: optimizer.type,
      loss,
      averaging: averaging !== undefined,
      drawNoise: isDrawnInStep(noise),
      ...(lastBatch !== undefined && { lastBatch }),
    },
    threads: threads ?? defaultThreads(trainingFlop(spec, batch)),
    ...(mode && { mode }),
    ...(threadWorkerUrl && { threadWorkerUrl }),
  };
  const network = await Network.create(spec, options, `Recipe "${name}" with batches of ${batch} pictures`);
  initialize(network, seed);
  return network;
}
