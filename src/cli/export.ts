import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { OutputError } from "../errors.ts";
import { encodeModel, type WeightFormat, weightFormats } from "../model/model-file.ts";
import { modelInWords, modelOf } from "./models.ts";

/** `denoise-wasm export MODEL -o OUT`: writes a model with its weights in another format. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a model file anew with its weights as float32, float16, or int8 with a scale for each output",
    )
    .argument("<model>", modelInWords)
    .requiredOption("-o, --out <file>", "where to write it")
    .option("--force", "write over a file that exists")
    .addOption(
      new Option("--format <format>", "what to keep weights in").choices(weightFormats).default("f32"),
    )
    .action(run);
}

async function run(
  name: string,
  { out, force, format }: { out: string; force?: boolean; format: WeightFormat },
): Promise<void> {
  if (!force && existsSync(out))
    throw new OutputError(`${out} exists; give --force to write over it, or another name.`);
  const bytes = encodeModel(await modelOf(name), format);
  await writeFileAtomic(out, bytes);
  console.log(`${out}: ${format}, ${bytes.length} bytes`);
}
