/** Networks of dense layers as ONNX nodes. */
import { denseShapes } from "../../network/spec.ts";
import type { ModelLike } from "../model.ts";
import type { GraphBuilder } from "./graph-builder.ts";

const activations = { sigmoid: "Sigmoid", relu: "Relu" } as const;

/** Adds the network of a model to a graph. @returns the name of its output, of the shape of its input `noisy` */
export function addDense(graph: GraphBuilder, { spec, parameters }: ModelLike, noisy: string): string {
  const { height, width, channels } = spec.input;
  // Dense layers have the channels of each pixel side by side.
  const isMoved = channels > 1;
  const pixels = isMoved ? graph.add("Transpose", [noisy], { perm: [0, 2, 3, 1] }) : noisy;
  let from = graph.add("Flatten", [pixels], { axis: 1 });
  for (const { name, inputs, outputs, activation } of denseShapes(spec)) {
    const weight = graph.weight(`${name}.weight`, [outputs, inputs], parameters.get(`${name}.weight`)!);
    const bias = graph.weight(`${name}.bias`, [outputs], parameters.get(`${name}.bias`)!);
    const isLinear = activation === "linear";
    from = graph.add("Gemm", [from, weight, bias], { transB: 1 }, isLinear ? name : `${name}.sum`);
    if (!isLinear) from = graph.add(activations[activation], [from], {}, name);
  }
  const shape = isMoved ? [height, width, channels] : [channels, height, width];
  const picture = graph.add("Reshape", [from, graph.integers(-1, ...shape)]);
  return isMoved ? graph.add("Transpose", [picture], { perm: [0, 3, 1, 2] }) : picture;
}
