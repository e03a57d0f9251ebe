// PyTorch in a Python process (torch_worker.py) that answers a line of JSON with another. PYTHON names an interpreter.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** @param {{ threads: number, fused?: boolean }} options `fused` rather than `foreach` Adagrad; Adam is always fused */
async function contestant(workload, options, [values, work]) {
  const python = process.env.PYTHON || "python3";
  const worker = spawn(python, [fileURLToPath(new URL("torch_worker.py", import.meta.url))]);
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
  const { recipe, parameters, noisy, clean, level, weight, layers, scale } = workload;
  const { batch, batches, pixels, height, width } = workload;
  const { optimizer, loss, spec } = recipe;
  const size = { batch, batches, pixels, height, width, channels: spec.input.channels };
  const settings = { optimizer, loss, layers, scale, ...size };
  const arrays = [...parameters.values(), noisy, clean, level, weight];
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-"));
  const file = join(folder, "arrays.f32");
  writeFileSync(file, Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
  const load = ask({ do: "load", file, ...settings, ...options });
  const version = await load.finally(() => rmSync(folder, { recursive: true }));
  const { threads, fused } = options;
  return {
    name: `PyTorch ${threads} ${threads === 1 ? "thread" : "threads"}${fused ? ", fused Adagrad" : ""}`,
    version,
    values: () => ask({ do: values }),
    run: (milliseconds) => ask({ do: "run", what: work, milliseconds }),
    dispose: () => worker.stdin.end(),
  };
}

export const training = (workload, options) => contestant(workload, options, ["losses", "step"]);
export const inference = (workload, options) => contestant(workload, options, ["output", "forward"]);
