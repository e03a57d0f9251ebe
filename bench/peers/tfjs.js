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
function tensors(tf, { layers, parameters }) {
  return layers.flatMap(({ name, inputs, outputs }) => [
    tf.tidy(() => tf.transpose(tf.tensor2d(parameters.get(`${name}.weight`), [outputs, inputs]))),
    tf.tensor1d(parameters.get(`${name}.bias`)),
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

/** @param work one piece of it, while the back end is set */
function contestant(tf, backend, work, values) {
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version_core,
    async values() {
      await tf.setBackend(backend);
      return values();
    },
    prepare: () => tf.setBackend(backend),
    work,
  };
}

export async function training(workload, { backend }) {
  const tf = await load(backend);
  const { batch, batches, pixels, noisy, clean } = workload;
  const variables = tensors(tf, workload).map((tensor) => tf.variable(tensor));
  const { learningRate, initialAccumulator } = workload.optimizer;
  const optimizer = tf.train.adagrad(learningRate, initialAccumulator);
  let next = 0;
  const step = () =>
    tf.tidy(() => {
      const start = (next++ % batches) * batch * pixels;
      const end = start + batch * pixels;
      const x = tf.tensor2d(noisy.subarray(start, end), [batch, pixels]);
      const y = tf.tensor2d(clean.subarray(start, end), [batch, pixels]);
      const loss = () => tf.mean(tf.squaredDifference(network(tf, x, variables), y));
      return optimizer.minimize(loss, true, variables).dataSync()[0];
    });
  return contestant(tf, backend, step, () => Array.from({ length: 3 }, step));
}

export async function inference(workload, { backend }) {
  const tf = await load(backend);
  const { batch, pixels, noisy } = workload;
  const variables = tensors(tf, workload);
  const forward = () => tf.tidy(() => network(tf, tf.tensor2d(noisy, [batch, pixels]), variables).dataSync());
  return contestant(tf, backend, forward, forward);
}
