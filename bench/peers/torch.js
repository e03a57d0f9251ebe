// PyTorch in a Python process (torch_worker.py, torch_conv_worker.py) that answers a line of JSON with another.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Starts a process and loads arrays and settings into it. PYTHON names another interpreter than python3. */
async function start(script, arrays, settings) {
  const python = process.env.PYTHON || "python3";
  const worker = spawn(python, [fileURLToPath(new URL(script, import.meta.url))]);
  let errors = "";
  worker.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  worker.stdin.on("error", () => {});
  const ended = new Promise((_, reject) => {
    worker.on("error", (error) => reject(new Error(`${python}: ${error.message}`)));
    worker.on("close", () => reject(new Error(`${python}: ${errors.trim().split("\n").at(-1) || "ended"}`)));
  });
  ended.catch(() => {});
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    worker.stdin.write(`${JSON.stringify(request)}\n`);
    const { value } = await Promise.race([lines.next(), ended]);
    return value === undefined ? ended : JSON.parse(value);
  };

  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-"));
  try {
    const file = join(folder, "arrays.f32");
    writeFileSync(file, Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
    const { version } = await ask({ do: "load", file, ...settings });
    return { ask, version, dispose: () => worker.stdin.end() };
  } catch (error) {
    worker.kill();
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads a workload of dense layers. */
const startDense = ({ parameters, noisy, cleanFloats, clean, ...settings }, options) =>
  start("torch_worker.py", [...parameters.values(), noisy, cleanFloats], { ...settings, ...options });

/** Loads a workload of convolutions. */
const startConv = ({ parameters, noisy, clean, level, weight, ...settings }, options) =>
  start("torch_conv_worker.py", [...parameters.values(), noisy, clean, level, weight], {
    ...settings,
    ...options,
  });

const nameOf = ({ threads, fused }) =>
  `PyTorch ${threads} ${threads === 1 ? "thread" : "threads"}${fused ? ", fused Adagrad" : ""}`;

/** A contestant that trains in the worker of `ask`. */
const trainingIn = ({ ask, version, dispose }, name) => ({
  name,
  version,
  losses: (count) => ask({ do: "losses", count }),
  run: (count) => ask({ do: "train", count }),
  dispose,
});

/** A contestant that passes forward in the worker of `ask`. */
const inferenceIn = ({ ask, version, dispose }, name) => ({
  name,
  version,
  output: async () => Float32Array.from(await ask({ do: "output" })),
  run: (count) => ask({ do: "forward", count }),
  dispose,
});

/** @param {{ threads: number, fused?: boolean }} options `fused` rather than `foreach` Adagrad */
export async function training(workload, options) {
  return trainingIn(await startDense(workload, options), nameOf(options));
}

/** @param {{ threads: number }} options */
export async function inference(workload, pictures, options) {
  return inferenceIn(await startDense(workload, { ...options, pictures }), nameOf(options));
}

/** Channels last, fused Adam, on a batch whose noise is drawn already. @param {{ threads: number }} options */
export async function convTraining(workload, options) {
  return trainingIn(await startConv(workload, options), nameOf(options));
}

/** @param {{ threads: number }} options */
export async function convInference(workload, options) {
  return inferenceIn(await startConv(workload, options), nameOf(options));
}
