import { Command, Option } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { encodeModel, type WeightFormat, weightFormats } from "../model/model-file.ts";
import { licenseOf, modelInWords, modelOf, modelsOf } from "./models.ts";
import { requireFree } from "./paths.ts";

interface ExportOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly format: WeightFormat | "onnx" | "edge";
  readonly bytes?: boolean;
  readonly license?: string;
}

/** `denoise-wasm export MODEL -o OUT`: writes a model with its weights in another format, or a script that denoises by it. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a model file anew with its weights as float32, float16, or int8 with a scale for each output, " +
        "as an ONNX file for other tools, or as one script that denoises, with the models as int8 and all that they need",
    )
    .argument(
      "<model...>",
      `${modelInWords}; for edge also several, of which a picture takes the first for as many colours as it has`,
    )
    .requiredOption("-o, --out <file>", "where to write it")
    .option("--force", "write over a file that exists")
    .addOption(
      new Option("--format <format>", "what to keep weights in")
        .choices([...weightFormats, "onnx", "edge"])
        .default("f32"),
    )
    .option("--bytes", "onnx: pictures go in and come out as uint8, rounded and clamped, not as float32")
    .option("--license <name>", "onnx: the licence of the weights, for the file's metadata")
    .action(run);
}

async function run(names: string[], options: ExportOptions, command: Command): Promise<void> {
  const { out, force, format, bytes, license } = options;
  if (format !== "onnx" && (bytes || license !== undefined))
    command.error("error: options '--bytes' and '--license' go with --format onnx");
  if (license?.trim() === "") command.error("error: option '--license' needs the name of a licence");
  if (format !== "edge" && names.length > 1)
    command.error("error: several models go into one file only with --format edge");
  await requireFree(out, force);
  const encoded = await encodedAs(names, options);
  await writeFileAtomic(out, encoded);
  console.log(`${out}: ${format}, ${encoded.length} bytes`);
}

async function encodedAs(names: readonly string[], options: ExportOptions): Promise<Uint8Array> {
  const { format, bytes = false, license } = options;
  if (format === "edge") {
    const { edgeScript } = await import("./edge-script.ts");
    return new TextEncoder().encode(await edgeScript(await modelsOf(names)));
  }
  const name = names[0]!;
  const model = await modelOf(name);
  if (format !== "onnx") return encodeModel(model, format);
  const { encodeOnnx } = await import("../model/onnx/onnx.ts");
  return encodeOnnx(model, { bytes, license: license ?? licenseOf(name) });
}
