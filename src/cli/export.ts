import { Command, Option } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { encodeModel, type WeightFormat, weightFormats } from "../model/model-file.ts";
import { modelInWords, modelOf } from "./models.ts";

/** `denoise-wasm export MODEL -o OUT`: writes a model with its weights in another format. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a model file anew with its weights as float32, float16, or int8 with a scale for each output",
    )
    .argument("<model>", modelInWords)
    .requiredOption("-o, --output <file>", "where to write it")
    .addOption(
      new Option("--format <format>", "what to keep weights in").choices(weightFormats).default("f32"),
    )
    .action(async (path: string, { output, format }: { output: string; format: WeightFormat }) => {
      const bytes = encodeModel(await modelOf(path), format);
      await writeFileAtomic(output, bytes);
      console.log(`${output}: ${format}, ${bytes.length} bytes`);
    });
}
