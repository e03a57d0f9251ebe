/** A network that runs: a spec, its plan and a WebAssembly core. It does forward passes and training steps. */
import { SETTINGS } from "../../assembly/constants.ts";
import { SpecError } from "../errors.ts";
import { chooseVariant, type Mode, type Variant } from "../wasm/detect.ts";
import { bundledBytes, type Core, loadCore, loadThreadedCore } from "../wasm/load.ts";
import { canShareMemory } from "../wasm/threads.ts";
import { fromArena, toArena } from "./layout.ts";
import { plan } from "./plan.ts";
import type { Plan, PlanOptions } from "./plan-common.ts";
import { layerShapes, parameters, type Spec } from "./spec.ts";

export interface NetworkOptions extends PlanOptions {
  /** Default `"reproducible"`. */
  mode?: Mode;
  /**
   * A build of the core, used in place of the one in the package that `mode` and `threads` choose. It has to be a build
   * with threads if `threads` is above 1.
   */
  wasm?: BufferSource | WebAssembly.Module;
  /** Only for web pages: the URL of `thread-worker.js`: see `startWorker`. */
  threadWorkerUrl?: string | URL;
}

/** Which of a tensor's buffers is meant. */
export type TensorKind = "value" | "accumulator" | "mean" | "variance" | "average" | "gradient";

export class Network {
  /** The noisy pictures of the next step, or the input of the next forward pass: rows of float32, [batch, pixels]. */
  readonly input: Float32Array;
  /** The clean pictures of the next step: rows of bytes, [batch, pixels]. Empty if the network cannot train on such. */
  readonly target: Uint8Array;
  /** The same with `floatTarget`: rows of float32, [batch, pixels]. Empty without. */
  readonly floatTarget: Float32Array;
  /**
   * The noise level of each picture, in grey levels. The core reads it if the network has `noiseLevel`, or if its step
   * draws Gaussian noise; for that it is the standard deviation.
   */
  readonly sigma: Float32Array;
  /**
   * Seed, purpose and index of the stream of each picture's noise; with `NO_STREAM` as the purpose, the step leaves the
   * picture's `input` as it is. Empty if the step draws no noise.
   */
  readonly streams: Uint32Array;
  /** What the loss of each picture is multiplied by, 1 at first. Empty unless a network of convolutions trains. */
  readonly weights: Float32Array;
  /** The optimiser's settings, by index of `Setting` (assembly/constants.ts). */
  readonly settings: Float32Array;
  /** The output of the last forward pass: rows of float32, [batch, pixels]. */
  readonly output: Float32Array;
  /** The gradient of some loss with respect to `output`: what `backward` begins with. Empty without `inputGradient`. */
  readonly outputGradient: Float32Array;
  /** The gradient of that loss with respect to `input`: what `backward` computes. Empty without `inputGradient`. */
  readonly inputGradient: Float32Array;

  /**
   * Builds the network with weights that are all 0.
   * @param what the subject of errors about memory
   * @throws UnsupportedRuntimeError if the runtime has no WebAssembly SIMD
   * @throws SpecError if the plan's options do not fit the spec, or it needs more memory than WebAssembly can have
   * @throws DenoiseError if there is not enough memory
   */
  static async create(spec: Spec, options: NetworkOptions, what = "The network"): Promise<Network> {
    const variant = chooseVariant(options.mode ?? "reproducible");
    const { threadWorkerUrl } = options;
    const threads = canShareMemory() ? (options.threads ?? 1) : 1;
    const layout = { ...plan(spec, options), what };
    const core =
      threads > 1
        ? await loadThreadedCore(
            options.wasm ?? bundledBytes(`${variant}-threads`),
            layout,
            threads,
            threadWorkerUrl,
          )
        : await loadCore(options.wasm ?? bundledBytes(variant), layout);
    return new Network(spec, layout, core, variant);
  }

  private constructor(
    readonly spec: Spec,
    readonly plan: Plan,
    readonly core: Core,
    /** The build that runs. */
    readonly variant: Variant,
  ) {
    const { buffer } = core.memory;
    const { batch } = plan;
    const values = batch * plan.pixels;
    const floats = (address: number | undefined, length: number) =>
      new Float32Array(buffer, address ?? 0, address === undefined ? 0 : length);
    this.input = floats(plan.input, values);
    this.output = floats(plan.output, values);
    const isFloat = plan.floatTarget === true;
    this.target = new Uint8Array(buffer, plan.target ?? 0, plan.target === undefined || isFloat ? 0 : values);
    this.floatTarget = floats(isFloat ? plan.target : undefined, values);
    this.settings = floats(plan.settings, SETTINGS);
    this.sigma = floats(plan.sigma, batch);
    this.streams = new Uint32Array(buffer, plan.streams ?? 0, plan.streams === undefined ? 0 : 3 * batch);
    this.weights = floats(plan.weights, batch).fill(1);
    const { backward } = plan;
    this.outputGradient = floats(backward?.outputGradient, plan.pixels);
    this.inputGradient = floats(backward?.inputGradient, plan.pixels);
    for (const { address, words } of [plan.forward, ...plan.steps, ...(backward ? [backward.program] : [])]) {
      new Uint32Array(buffer, address, words.length).set(words);
    }
  }

  /** Copies values, in PyTorch's order, into a tensor. @throws SpecError on an unknown name or a wrong length */
  set(name: string, values: Float32Array, kind: TensorKind = "value"): void {
    const { buffer, shape } = this.#tensor(name, kind);
    const length = shape.reduce((a, b) => a * b, 1);
    if (values.length !== length) {
      throw new SpecError(`${name} has ${values.length} values; its shape [${shape}] needs ${length}.`);
    }
    toArena(buffer, values, shape);
  }

  /** Copies the values of a tensor, in PyTorch's order. @throws SpecError on an unknown name */
  get(name: string, kind: TensorKind = "value"): Float32Array {
    const { buffer, shape } = this.#tensor(name, kind);
    return fromArena(buffer, shape);
  }

  /** Copies the values of all parameters, or another of their buffers; the names are in the order of spec.ts. */
  parameters(kind: TensorKind = "value"): Map<string, Float32Array> {
    return new Map(parameters(this.spec).map(({ name }) => [name, this.get(name, kind)]));
  }

  /** Sets every value of every accumulator, padding included: Adagrad's state before the first step. */
  resetAccumulators(value: number): void {
    for (const { name } of this.plan.tensors) this.#tensor(name, "accumulator").buffer.fill(value);
  }

  /** Runs the network on `input`, for the whole batch; the result is in `output`. */
  forward(): void {
    this.core.run(this.plan.forward.address);
  }

  /**
   * Computes `inputGradient` from `outputGradient`, at the input of the last forward pass.
   * @throws SpecError if the network was created without `inputGradient`
   */
  backward(): void {
    const { backward } = this.plan;
    if (!backward) throw new SpecError("No backward pass to the input was planned.");
    this.core.run(backward.program.address);
  }

  /**
   * Copies what a layer put out in the last forward pass: `shape` is [channels, height, width], and white is the spec's `white`.
   * @param layer its number, from 1 on
   * @throws SpecError if the network was created without `activations`, or has no such layer
   */
  activations(layer: number): {
    readonly shape: readonly [number, number, number];
    readonly values: Float32Array;
  } {
    const image = this.plan.activations?.[layer - 1];
    if (!image) throw new SpecError(`The outputs of layer ${layer} were not planned to be kept.`);
    const { height, width, pitch } = image.geometry;
    // The image may have a further channel, for the noise level.
    const channels = layerShapes(this.spec)[layer - 1]!.outputs;
    const values = new Float32Array(channels * height * width);
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < height; y++) {
        const address = image.origin + (y * image.channels + channel) * pitch;
        values.set(new Float32Array(this.core.memory.buffer, address, width), (channel * height + y) * width);
      }
    }
    return { shape: [channels, height, width], values };
  }

  /**
   * Does one training step (forward, backward, update) on the first `rows` pictures of `input` and `target`.
   * @returns the loss before the update
   * @throws SpecError if no step on `rows` pictures was planned
   */
  step(rows = this.plan.batch): number {
    const program = this.plan.steps.find((step) => step.rows === rows);
    if (!program) throw new SpecError(`No step of ${rows} pictures was planned.`);
    this.core.run(program.address);
    return new Float64Array(this.core.memory.buffer, this.plan.loss, 1)[0]!;
  }

  /** Ends the network's threads; resolves when they are gone. The network cannot run after that. */
  dispose(): Promise<void> {
    return this.core.dispose();
  }

  #tensor(name: string, kind: TensorKind): { buffer: Float32Array; shape: readonly number[] } {
    const place = this.plan.tensors.find((tensor) => tensor.name === name);
    const address = place?.[kind];
    if (!place || address === undefined) throw new SpecError(`The network has no ${kind} "${name}".`);
    return { buffer: new Float32Array(this.core.memory.buffer, address, place.length), shape: place.shape };
  }
}
