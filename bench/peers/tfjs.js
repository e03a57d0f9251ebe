// TensorFlow.js on its wasm (SIMD) or cpu back end.
import { createRequire } from "node:module";
import { dirname } from "node:path";

// The CommonJS builds: the ES modules have imports that Node does not resolve.
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm");
tf.enableProdMode();
setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);

/** Weights as [inputs, units] and biases, layer after layer. */
function tensors({ layers, parameters }) {
  return layers.flatMap(({ name, inputs, outputs }) => [
    tf.tidy(() => tf.transpose(tf.tensor2d(parameters.get(`${name}.weight`), [outputs, inputs]))),
    tf.tensor1d(parameters.get(`${name}.bias`)),
  ]);
}

function network(x, variables) {
  let y = x;
  for (let i = 0; i < variables.length; i += 2) {
    const activation = i === variables.length - 2 ? "linear" : "sigmoid";
    y = tf.fused.matMul({ a: y, b: variables[i], bias: variables[i + 1], activation });
  }
  return y;
}

/** @param make makes what does a piece of work, on the back end */
async function contestant(backend, make, values) {
  const prepare = () => tf.setBackend(backend);
  await prepare();
  if (backend === "wasm" && !(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw new Error("no SIMD");
  const work = make();
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version_core,
    values: () => prepare().then(() => values(work)),
    prepare,
    work,
  };
}

export function training(workload, { backend }) {
  const { batch, batches, pixels, noisy, clean, recipe } = workload;
  const make = () => {
    const variables = tensors(workload).map((tensor) => tf.variable(tensor));
    const optimizer = tf.train.adagrad(recipe.optimizer.learningRate, recipe.optimizer.initialAccumulator);
    let next = 0;
    const step = () => {
      const start = (next++ % batches) * batch * pixels;
      const [x, y] = [noisy, clean].map((all) =>
        tf.tensor2d(all.subarray(start, start + batch * pixels), [batch, pixels]),
      );
      const loss = () => tf.mean(tf.squaredDifference(network(x, variables), y));
      return optimizer.minimize(loss, true, variables).dataSync()[0];
    };
    return () => tf.tidy(step);
  };
  return contestant(backend, make, (step) => Array.from({ length: 3 }, step));
}

export function inference(workload, { backend }) {
  const { batch, pixels, noisy } = workload;
  const make = () => {
    const variables = tensors(workload);
    return () => tf.tidy(() => network(tf.tensor2d(noisy, [batch, pixels]), variables).dataSync());
  };
  return contestant(backend, make, (forward) => forward());
}
