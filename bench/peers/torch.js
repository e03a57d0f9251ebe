// PyTorch in a Python process (torch_worker.py) that answers a line of JSON with another.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Starts a process and loads arrays and settings into it. PYTHON names another interpreter than python3. */
async function start(arrays, settings) {
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
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-"));
  try {
    const file = join(folder, "arrays.f32");
    writeFileSync(file, Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength))));
    const version = await ask({ do: "load", file, ...settings });
    return { ask, version, dispose: () => worker.stdin.end() };
  } catch (error) {
    worker.kill();
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {{ threads: number, fused?: boolean }} options `fused` rather than `foreach` Adagrad; Adam is always fused */
async function contestant(workload, options, what) {
  const { parameters, noisy, clean, level, weight, images, recipe, ...settings } = workload;
  const arrays = [...parameters.values(), noisy, clean, level, weight];
  const { ask, version, dispose } = await start(arrays, { ...settings, ...options });
  const { threads, fused } = options;
  return {
    name: `PyTorch ${threads} ${threads === 1 ? "thread" : "threads"}${fused ? ", fused Adagrad" : ""}`,
    version,
    values: () => ask({ do: what.values }),
    run: (milliseconds) => ask({ do: "run", what: what.work, milliseconds }),
    dispose,
  };
}

export const training = (workload, options) =>
  contestant(workload, options, { values: "losses", work: "step" });
export const inference = (workload, options) =>
  contestant(workload, options, { values: "output", work: "forward" });
