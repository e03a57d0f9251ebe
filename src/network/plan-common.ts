/** Plans, and what the plans of dense networks and of networks of convolutions have in common. */
import { SETTINGS } from "../../assembly/constants.ts";
import { MEETING_BYTES, RECORD_WORDS } from "../../assembly/program/layout.ts";
import type { Arena } from "./arena.ts";
import type { ImageBuffer } from "./image-buffers.ts";
import { type Operation, operation, type Program } from "./program.ts";
import { parameters, type Spec } from "./spec.ts";

/** The places in memory of a trainable tensor's buffers. Addresses are in bytes. */
export interface TensorPlace {
  readonly name: string;
  /** PyTorch's shape: [outputs, inputs], or [outputs, inputs, height, width], for a weight; [outputs] for a bias. */
  readonly shape: readonly number[];
  /** The length of each of its buffers in float32 values, padding included. */
  readonly length: number;
  readonly value: number;
  /** The sum of its squared gradients: Adagrad's state. */
  readonly accumulator?: number;
  /** The running mean of its gradients: Muon's state; Adam's, together with `variance`. */
  readonly mean?: number;
  /** The running mean of its squared gradients. */
  readonly variance?: number;
  /** The moving average of its value. Only with `averaging`. */
  readonly average?: number;
  /** Its gradient, if the plan writes gradients out. */
  readonly gradient?: number;
}

/** What a network of one spec and batch size needs in memory: the places of its buffers, and its programs. */
export interface Plan {
  /** Where the outputs of layers are after a forward pass. Only with `activations`. */
  readonly activations?: readonly ImageBuffer[];
  /** The end of the arena, which is the smallest size in bytes that the memory may have. */
  readonly end: number;
  readonly batch: number;
  /** The number of values of one picture: height × width × channels. */
  readonly pixels: number;
  readonly tensors: readonly TensorPlace[];
  /** Rows of float32, [batch, pixels]: the noisy pictures of a step or the input of a forward pass. */
  readonly input: number;
  /** Rows of bytes, or of float32 with `floatTarget`, [batch, pixels]: what a step is to put out. Only where the plan trains. */
  readonly target?: number;
  /** Whether the target is of float32. */
  readonly floatTarget?: boolean;
  /** Rows of float32, [batch, pixels]: the output of a forward pass. */
  readonly output: number;
  /** One float64: the loss of the last step, before its update. */
  readonly loss: number;
  /** The optimiser's settings: the float32 values of `Setting` (assembly/constants.ts). */
  readonly settings: number;
  /** One float32 per picture: the level of its noise, in grey levels. */
  readonly sigma: number;
  /** One float32 per picture: what its loss is multiplied by. Only where a network of convolutions trains. */
  readonly weights?: number;
  /** Three uint32 per picture, only with `drawNoise`: seed, purpose and index of the stream of its noise. */
  readonly streams?: number;
  /** The block by which threads synchronise (assembly/program/layout.ts); it starts as zeros. */
  readonly sync: number;
  /** Room for a program of three records, which profile.ts uses. Only where the plan trains. */
  readonly single?: number;
  readonly forward: Program;
  /** Only with `inputGradient`. */
  readonly backward?: BackwardPass;
  /** The training step on `batch` pictures and, if there is a smaller last batch, the training step on that. */
  readonly steps: readonly Program[];
}

/** The backward pass from the output to the input, which follows a forward pass. */
export interface BackwardPass {
  readonly program: Program;
  /** Rows of float32, [pixels]: the gradient of some loss with respect to the output. */
  readonly outputGradient: number;
  /** Rows of float32, [pixels]: the gradient of that loss with respect to the input, which the program computes. */
  readonly inputGradient: number;
}

export interface PlanOptions {
  batch: number;
  threads?: number;
  /** The size of the pictures. Only for networks of convolutions; default: the spec's input size. */
  size?: { height: number; width: number };
  /**
   * Whether to plan `Network.backward`, through weights that stay as they are. Only for convolutions, without `training`, and
   * for a batch of one picture.
   */
  inputGradient?: boolean;
  /**
   * Whether the outputs of all layers stay in memory after a forward pass, for `Network.activations`. Only for convolutions, without
   * `training`, and for a batch of one picture.
   */
  activations?: boolean;
  /** Leave out for inference. */
  training?: {
    /** The number of pictures in the last batch of an epoch, if it is smaller than `batch`. */
    lastBatch?: number;
    /** Default: Adagrad. */
    optimizer?: "adagrad" | "adam" | "muon";
    /** The error that is minimised. Default: "mse", the only one for dense networks. */
    loss?: "mse" | "l1";
    /** Whether to keep a moving average of the parameters. */
    averaging?: boolean;
    /**
     * Whether the target is of float32, as noisy pictures are, and not of bytes. Only for networks of convolutions, and not
     * with `drawNoise`.
     */
    floatTarget?: boolean;
    /**
     * Whether a step begins with `input` = `target` + Gaussian noise, drawn as `sigma` and `streams` say, for the pictures
     * that have a stream.
     */
    drawNoise?: boolean;
    /**
     * Whether to write gradients out and update the parameters in an operation of its own. Networks of convolutions and
     * the other optimisers always do so; else both are done at once.
     */
    gradients?: boolean;
  };
}

type TrainingOptions = PlanOptions["training"];

/** Places the buffers that every network has. They come before all others. */
export function placeCommon(arena: Arena, batch: number, pixels: number, training: TrainingOptions): Common {
  return {
    settings: arena.floats(SETTINGS),
    loss: arena.place(8),
    sync: arena.place(MEETING_BYTES),
    input: arena.floats(batch * pixels),
    output: arena.floats(batch * pixels),
    sigma: arena.floats(batch),
    ...(training?.drawNoise && { streams: arena.place(12 * batch) }),
    ...(training && { single: arena.place(3 * 4 * RECORD_WORDS) }),
  };
}

type Common = Pick<Plan, "settings" | "loss" | "sync" | "input" | "output" | "sigma" | "streams" | "single">;

/**
 * The operation that draws the noise of a step, if the step draws it.
 * @param pictures how many pictures the operation is for; 1 in the body of an `eachImage`
 */
export function noiseOperations(
  { input, sigma, streams }: Common,
  target: number,
  pictures: number,
  pixels: number,
): Operation[] {
  if (streams === undefined) return [];
  return [operation("gaussianNoise", { input, target, levels: sigma, streams, pixels, pictures })];
}

/** Places a tensor of `length` values, padding included, and the optimiser's state for it. */
export function placeTensor(
  arena: Arena,
  spec: Spec,
  training: TrainingOptions,
  tensor: Pick<TensorPlace, "name" | "shape" | "length">,
): TensorPlace {
  const floats = () => arena.floats(tensor.length);
  const state = training ? stateOf(spec, training.optimizer ?? "adagrad", tensor.name) : [];
  return {
    ...tensor,
    value: floats(),
    ...Object.fromEntries(state.map((kind) => [kind, floats()])),
    ...(training?.averaging && { average: floats() }),
    ...(training?.gradients && { gradient: floats() }),
  };
}

/**
 * What an optimiser keeps for a tensor from step to step. Muon is for the weights between the first layer and the last; with
 * it, the weights of these two and all biases follow Adam.
 */
export function stateOf(
  spec: Spec,
  optimizer: "adagrad" | "adam" | "muon",
  name: string,
): ("accumulator" | "mean" | "variance")[] {
  if (optimizer === "adagrad") return ["accumulator"];
  const weights = parameters(spec).filter(({ shape }) => shape.length > 1);
  const isBetween = weights.slice(1, -1).some((weight) => weight.name === name);
  return optimizer === "muon" && isBetween ? ["mean"] : ["mean", "variance"];
}

/** The operation that updates a tensor from its gradient, if that is written out. */
export function update({ name, value, ...state }: TensorPlace, settings: number): Operation[] {
  const { accumulator, mean, variance, gradient, length: count, shape } = state;
  if (gradient === undefined) return [];
  const layer = layerOf(name);
  const values = { parameters: value, gradients: gradient, settings };
  if (accumulator !== undefined)
    return [operation("adagrad", { ...values, count, sums: accumulator }, layer)];
  const follow = { ...values, means: mean! };
  if (variance !== undefined) return [operation("adam", { ...follow, count, variances: variance }, layer)];
  const [outs, ins, ...window] = shape as [number, number];
  const taps = window.reduce((a, b) => a * b, 1);
  const scale = 0.2 * Math.sqrt(Math.max(outs, ins * taps));
  return [operation("muon", { ...follow, outs, ins, taps, scale }, layer)];
}

/** The operations that update the moving averages of tensors, after the tensors themselves have been updated. */
export function averages(tensors: readonly TensorPlace[], settings: number): Operation[] {
  return tensors.flatMap(({ name, value, average, length: count }) =>
    average === undefined
      ? []
      : [operation("average", { averages: average, parameters: value, settings, count }, layerOf(name))],
  );
}

/** The name of a tensor's layer: "layer1" for "layer1.weight". */
function layerOf(name: string): string {
  return name.split(".")[0]!;
}
