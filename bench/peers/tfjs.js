// TensorFlow.js on its wasm (SIMD) or cpu back end.
import { createRequire } from "node:module";
import { dirname } from "node:path";

const require = createRequire(import.meta.url);

/** @param {string} backend "wasm" or "cpu" */
async function load(backend) {
  // The CommonJS builds: the ES modules have imports that Node does not resolve.
  const tf = require("@tensorflow/tfjs");
  const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm");
  tf.enableProdMode();
  if (!tf.findBackend("wasm")) {
    setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
  }
  await tf.setBackend(backend);
  await tf.ready();
  if (backend === "wasm" && !(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw new Error("no SIMD");
  return tf;
}

/** Weights as [inputs, units] and biases, layer after layer. */
function tensors(tf, { sizes, parameters }) {
  return sizes.slice(1).flatMap((units, layer) => [
    tf.tidy(() => {
      const weight = parameters.get(`layer${layer + 1}.weight`);
      return tf.transpose(tf.tensor2d(weight, [units, sizes[layer]]));
    }),
    tf.tensor1d(parameters.get(`layer${layer + 1}.bias`)),
  ]);
}

function network(tf, x, variables) {
  let y = x;
  for (let i = 0; i < variables.length; i += 2) {
    const activation = i === variables.length - 2 ? "linear" : "sigmoid";
    y = tf.fused.matMul({ a: y, b: variables[i], bias: variables[i + 1], activation });
  }
  return y;
}

export async function training(workload, { backend = "wasm" } = {}) {
  const tf = await load(backend);
  const { batch, batches, pixels, noisy, cleanFloats } = workload;
  let variables = [];
  let optimizer;
  let next = 0;
  const reset = () => {
    tf.dispose(variables);
    optimizer?.dispose();
    const initial = tensors(tf, workload);
    variables = initial.map((tensor) => tf.variable(tensor));
    tf.dispose(initial);
    optimizer = tf.train.adagrad(workload.learningRate, workload.initialAccumulator);
    next = 0;
  };
  const step = () =>
    tf.tidy(() => {
      const start = (next++ % batches) * batch * pixels;
      const end = start + batch * pixels;
      const x = tf.tensor2d(noisy.subarray(start, end), [batch, pixels]);
      const y = tf.tensor2d(cleanFloats.subarray(start, end), [batch, pixels]);
      const loss = () => tf.mean(tf.squaredDifference(network(tf, x, variables), y));
      return optimizer.minimize(loss, true, variables).dataSync()[0];
    });
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version_core,
    async losses(count) {
      await tf.setBackend(backend);
      reset();
      return Array.from({ length: count }, step);
    },
    async run(count) {
      await tf.setBackend(backend);
      const start = performance.now();
      for (let i = 0; i < count; i++) step();
      return performance.now() - start;
    },
  };
}

export async function inference(workload, pictures, { backend = "wasm" } = {}) {
  const tf = await load(backend);
  const variables = tensors(tf, workload);
  const input = workload.noisy.subarray(0, pictures * workload.pixels);
  const forward = () =>
    tf.tidy(() => network(tf, tf.tensor2d(input, [pictures, workload.pixels]), variables).dataSync());
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version_core,
    async output() {
      await tf.setBackend(backend);
      return forward();
    },
    async run(count) {
      await tf.setBackend(backend);
      const start = performance.now();
      for (let i = 0; i < count; i++) forward();
      return performance.now() - start;
    },
  };
}
