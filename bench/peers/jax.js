// jax-js on its wasm back end, jitted. Weights as [units, inputs] were faster than [inputs, units].
import { createRequire } from "node:module";
import { init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";

const { version } = createRequire(import.meta.url)("./node_modules/@jax-js/jax/package.json");
const name = "jax-js wasm";

/** Weights as [units, inputs] and biases, layer after layer. */
function arrays({ layers, parameters }) {
  return layers.flatMap(({ name, inputs, outputs }) => {
    const weight = np.array(parameters.get(`${name}.weight`));
    return [weight.reshape([outputs, inputs]), np.array(parameters.get(`${name}.bias`))];
  });
}

/** The gradient of its sigmoid is infinity times zero below −88: hence the clipping. */
function network(parameters, x) {
  let y = x;
  for (let i = 0; i < parameters.length; i += 2) {
    y = np.matmul(y, np.transpose(parameters[i])).add(parameters[i + 1]);
    if (i < parameters.length - 2) y = nn.sigmoid(np.clip(y, -60, 60));
  }
  return y;
}

export async function training(workload) {
  await init("wasm");
  const { batch, batches, pixels, noisy, clean, recipe } = workload;
  const { learningRate, initialAccumulator } = recipe.optimizer;
  const loss = (parameters, x, y) => np.mean(np.square(network(parameters, x).sub(y)));
  const jitted = jit((parameters, sums, x, y) => {
    const kept = parameters.map(({ ref }) => ref);
    const [value, gradients] = valueAndGrad(loss)(kept, x, y);
    const newSums = sums.map((sum, i) => sum.add(np.square(gradients[i].ref)));
    const updated = parameters.map((parameter, i) =>
      parameter.sub(gradients[i].mul(learningRate).div(np.sqrt(newSums[i].ref))),
    );
    return [updated, newSums, value];
  });
  let parameters = arrays(workload);
  let sums = parameters.map(({ shape }) => np.full(shape, initialAccumulator));
  let next = 0;
  const work = async () => {
    const start = (next++ % batches) * batch * pixels;
    const [x, y] = [noisy, clean].map((all) =>
      np.array(all.subarray(start, start + batch * pixels)).reshape([batch, pixels]),
    );
    let value;
    [parameters, sums, value] = jitted(parameters, sums, x, y);
    return (await value.data())[0];
  };
  return { name, version, values: async () => [await work(), await work(), await work()], work };
}

export async function inference(workload) {
  await init("wasm");
  const jitted = jit(network);
  const parameters = arrays(workload);
  const { batch, pixels, noisy } = workload;
  const kept = () => parameters.map(({ ref }) => ref);
  const work = () => jitted(kept(), np.array(noisy).reshape([batch, pixels])).data();
  return { name, version, values: work, work };
}
