// onnxruntime-web, wasm with SIMD on one thread, with models from onnx-file.js. Inference only.
import * as ort from "onnxruntime-web/wasm";
import { convModel, denseModel } from "./onnx-file.js";

/** A contestant that runs a model from its inputs, given by name as [values, shape], to "y". */
async function contestant(model, inputs) {
  ort.env.wasm.numThreads = 1;
  const { Worker } = globalThis;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  // It defines Worker in Node, from which jax-js would conclude that its own memory is shared.
  if (!Worker) delete globalThis.Worker;
  const forward = async () => {
    const feeds = Object.entries(inputs).map(([name, [values, shape]]) => [
      name,
      new ort.Tensor("float32", values, shape),
    ]);
    const { y } = await session.run(Object.fromEntries(feeds));
    return y.data;
  };
  return {
    name: "onnxruntime-web wasm",
    version: ort.env.versions.web,
    output: forward,
    async run(count) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await forward();
      return performance.now() - start;
    },
    dispose: () => session.release(),
  };
}

export function inference(workload, pictures) {
  const { noisy, pixels } = workload;
  return contestant(denseModel(workload), { x: [noisy.slice(0, pictures * pixels), [pictures, pixels]] });
}

/** The planes of the noise level are made beforehand. */
export function convInference(workload) {
  const { noisy, level, batch, height, width } = workload;
  const pixels = height * width;
  const planes = noisy.map((_, at) => level[Math.floor(at / pixels)]);
  const shape = [batch, 1, height, width];
  return contestant(convModel(workload), { x: [noisy, shape], level: [planes, shape] });
}
