/** The operations on the weights of convolutions: what kernels take is made from them, and they follow their gradients. */
import { averages, type TensorPlace, update } from "./plan-common.ts";
import { type Operation, operation, together } from "./program.ts";
import { type ConvStage, gradientSums } from "./stages.ts";

/** The operation that transforms the weight for the forward pass, if the kernel needs that. */
export function transform({ layer, weight, operand }: ConvStage): Operation[] {
  if (layer.type === "conv1x1") return [];
  const { name, inputs: ins, outputs: outs } = layer;
  return [operation("conv3x3TransformWeights", { u: operand, w: weight.value, ins, outs }, name)];
}

/** The operation that transforms the transposed weight for the backward pass, if the stage has one and the kernel needs that. */
export function transformBack({ layer, transposed }: ConvStage): Operation[] {
  if (!transposed || layer.type === "conv1x1") return [];
  const { name, inputs, outputs } = layer;
  const values = { u: transposed.operand, w: transposed.weight, ins: outputs, outs: inputs };
  return [operation("conv3x3TransformWeights", values, name)];
}

/** The operation that transposes the weight for the backward pass, if the stage needs that. */
export function transpose({ layer, weight, transposed }: ConvStage): Operation[] {
  return transposed
    ? [transposeWeights(layer, transposed.weight, weight.value, layer.inputs, layer.outputs)]
    : [];
}

/** The operation that makes wt the transpose of w, which has `outs` × `ins` channels. */
function transposeWeights(
  { name, type }: ConvStage["layer"],
  wt: number,
  w: number,
  ins: number,
  outs: number,
): Operation {
  const kernel = type === "conv1x1" ? "conv1x1TransposeWeights" : "conv3x3TransposeWeights";
  return operation(kernel, { wt, w, ins, outs }, name);
}

/**
 * The operations that add up the gradients from the chunks of a batch and update the parameters with them.
 * @param beside an operation that threads work on at the same time
 */
export function sumAndUpdate(
  convolutions: readonly ConvStage[],
  chunksOf: (stage: ConvStage) => { from: number; count: number },
  settings: number,
  beside: Operation,
): Operation[] {
  const sums: Operation[] = [beside];
  const gathers: Operation[] = [];
  const turns: Operation[] = [];
  for (const stage of convolutions) {
    const { layer, weight, bias, gathered } = stage;
    const { transposed, as, bs, ...bytes } = gradientSums(stage);
    const { from, count } = chunksOf(stage);
    const sum = (to: number, first: number, size: number) =>
      operation("sumChunks", { to, from: first, stride: bytes.chunk, count, bytes: size }, layer.name);
    if (bias) sums.push(sum(bias.gradient!, from + bytes.weight, bytes.bias));
    if (layer.type === "conv1x1") {
      sums.push(sum(weight.gradient!, from, bytes.weight));
      continue;
    }
    // The sum is written over the first chunk, which is not read again.
    sums.push(sum(from, from, bytes.weight));
    const gather = { dw: transposed ? gathered! : weight.gradient!, sums: from, ins: bs, outs: as };
    gathers.push(operation("conv3x3GatherWeights", gather, layer.name));
    if (transposed) turns.push(transposeWeights(layer, weight.gradient!, gathered!, bs, as));
  }
  const weights = convolutions.map(({ weight }) => weight);
  const biases = convolutions.flatMap(({ bias }) => bias ?? []);
  const updates = (tensors: readonly TensorPlace[]) => tensors.flatMap((tensor) => update(tensor, settings));
  return [
    sums,
    [...gathers, ...updates(biases)],
    turns,
    updates(weights),
    averages([...weights, ...biases], settings),
  ].flatMap(together);
}
