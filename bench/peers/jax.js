// jax-js on its wasm back end, jitted. Weights as [units, inputs] were faster than [inputs, units].
import { readFileSync } from "node:fs";
import { init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";

const manifest = new URL("node_modules/@jax-js/jax/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));

/** Weights as [units, inputs] and biases, layer after layer. */
function arrays({ sizes, parameters }) {
  return sizes.slice(1).flatMap((units, layer) => {
    const weight = np.array(parameters.get(`layer${layer + 1}.weight`));
    return [weight.reshape([units, sizes[layer]]), np.array(parameters.get(`layer${layer + 1}.bias`))];
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
  const { batch, batches, pixels, noisy, cleanFloats, learningRate } = workload;
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
  let parameters = [];
  let sums = [];
  let next = 0;
  const reset = () => {
    for (const array of [...parameters, ...sums]) array.dispose();
    parameters = arrays(workload);
    sums = parameters.map(({ shape }) => np.full(shape, workload.initialAccumulator));
    next = 0;
  };
  const step = async () => {
    const start = (next++ % batches) * batch * pixels;
    const end = start + batch * pixels;
    const x = np.array(noisy.subarray(start, end)).reshape([batch, pixels]);
    const y = np.array(cleanFloats.subarray(start, end)).reshape([batch, pixels]);
    let value;
    [parameters, sums, value] = jitted(parameters, sums, x, y);
    return (await value.data())[0];
  };
  return {
    name: "jax-js wasm",
    version,
    async losses(count) {
      reset();
      const values = [];
      while (values.length < count) values.push(await step());
      return values;
    },
    async run(count) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await step();
      return performance.now() - start;
    },
  };
}

export async function inference(workload, pictures) {
  await init("wasm");
  const jitted = jit(network);
  const parameters = arrays(workload);
  const input = workload.noisy.subarray(0, pictures * workload.pixels);
  const forward = () => {
    const kept = parameters.map(({ ref }) => ref);
    return jitted(kept, np.array(input).reshape([pictures, workload.pixels])).data();
  };
  return {
    name: "jax-js wasm",
    version,
    output: forward,
    async run(count) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await forward();
      return performance.now() - start;
    },
  };
}
