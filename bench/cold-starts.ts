/** Fresh processes: to the first training step, or from the import to the first denoised picture of 28 × 28. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeModel } from "../src/model/model-file.ts";
import { modes, variants } from "./contestants.ts";
import { installPeers, loadPeer } from "./peers.ts";
import { printTable, timesCells, timesHeadings } from "./report.ts";
import { summary } from "./turns.ts";
import { verifyPass } from "./verify.ts";
import { passWorkload, settings, trainingWorkload } from "./workloads.ts";

const PROCESSES = 9;
const MODEL = "models/fashion-conv.safetensors";

interface Start {
  /** Of its parts. */
  readonly milliseconds: Record<string, number>;
  readonly output: readonly number[];
}

/** Times, verifies and prints them in turns. */
export async function coldStarts(kind: "dense" | "conv") {
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-"));
  try {
    const { commands, verify } = kind === "dense" ? firstSteps() : await firstPictures(folder);
    const starts = commands.map(() => [] as Start[]);
    for (let i = 0; i < PROCESSES; i++) {
      for (const [index, { args }] of commands.entries()) {
        starts[index]!.push(JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })));
      }
    }
    const results = [];
    for (const [index, { name }] of commands.entries()) {
      await verify?.(name, starts[index]![0]!.output);
      for (const part of Object.keys(starts[index]![0]!.milliseconds)) {
        const times = summary(starts[index]!.map(({ milliseconds }) => milliseconds[part]!));
        results.push({ name: `${name}: ${part}`, ...times });
      }
    }
    printTable(
      `Cold start, in ${PROCESSES} fresh processes each`,
      ["", ...timesHeadings],
      results.map(({ name, ...times }) => [name, ...timesCells(times)]),
    );
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function firstSteps() {
  const commands = variants.map((variant) => ({
    name: variant,
    args: ["build/bench/first-step.js", modes[variant]],
  }));
  return { commands, verify: undefined };
}

/** This package and onnxruntime-web with the same model, each as it reads one. */
async function firstPictures(folder: string) {
  const { parameters } = decodeModel(readFileSync(MODEL), MODEL);
  const workload = { ...passWorkload(await trainingWorkload(settings.conv), { side: 28 }), parameters };
  const picture = join(folder, "picture.f32");
  writeFileSync(picture, workload.noisy);
  const script = "bench/peers/first-picture.js";
  const commands = [{ name: "denoise-wasm", args: [script, "denoise-wasm", MODEL, picture] }];
  if (installPeers()) {
    const name = "onnxruntime-web wasm";
    const model = join(folder, "model.onnx");
    writeFileSync(model, (await loadPeer("onnx")).modelOf(workload));
    commands.push({ name, args: [script, name, model, picture] });
  }
  const verify = (name: string, output: readonly number[]) =>
    verifyPass([{ name, values: async () => output }], workload);
  return { commands, verify };
}
