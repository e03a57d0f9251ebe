import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { OutputError } from "../errors.ts";
import { encodeModel, type WeightFormat, weightFormats } from "../model/model-file.ts";
import { licenseOf, modelInWords, modelOf } from "./models.ts";

interface ExportOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly format: WeightFormat | "onnx";
  readonly bytes?: boolean;
  readonly license?: string;
}

/** `denoise-wasm export MODEL -o OUT`: writes a model with its weights in another format. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a model file anew with its weights as float32, float16, or int8 with a scale for each output, " +
        "or as an ONNX file for other tools",
    )
    .argument("<model>", modelInWords)
    .requiredOption("-o, --out <file>", "where to write it")
    .option("--force", "write over a file that exists")
    .addOption(
      new Option("--format <format>", "what to keep weights in")
        .choices([...weightFormats, "onnx"])
        .default("f32"),
    )
    .option("--bytes", "onnx: pictures go in and come out as uint8, rounded and clamped, not as float32")
    .option("--license <name>", "onnx: the licence of the weights, for the file's metadata")
    .action(run);
}

async function run(name: string, options: ExportOptions, command: Command): Promise<void> {
  const { out, force, format, bytes, license } = options;
  const isOnnx = format === "onnx";
  if (!isOnnx && (bytes || license !== undefined))
    command.error("error: options '--bytes' and '--license' go with --format onnx");
  if (!force && existsSync(out))
    throw new OutputError(`${out} exists; give --force to write over it, or another name.`);
  const model = await modelOf(name);
  const encoded = isOnnx
    ? (await import("../model/onnx/onnx.ts")).encodeOnnx(model, {
        bytes: bytes === true,
        license: license ?? licenseOf(name),
      })
    : encodeModel(model, format);
  await writeFileAtomic(out, encoded);
  console.log(`${out}: ${format}, ${encoded.length} bytes`);
}
