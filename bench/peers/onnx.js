// onnxruntime-web, wasm with SIMD on one thread, with a model from onnx-file.js. Inference only.
import * as ort from "onnxruntime-web/wasm";
import { denseModel } from "./onnx-file.js";

export async function inference(workload, pictures) {
  ort.env.wasm.numThreads = 1;
  const { Worker } = globalThis;
  const session = await ort.InferenceSession.create(denseModel(workload), { executionProviders: ["wasm"] });
  // It defines Worker in Node, from which jax-js would conclude that its own memory is shared.
  if (!Worker) delete globalThis.Worker;
  const input = workload.noisy.slice(0, pictures * workload.pixels);
  const forward = async () => {
    const { y } = await session.run({ x: new ort.Tensor("float32", input, [pictures, workload.pixels]) });
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
