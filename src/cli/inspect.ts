import { Command } from "commander";
import { printable } from "../errors.ts";
import { parameterCount, parameters } from "../network/spec.ts";
import { noiseName } from "../noise/noise.ts";
import { recipes } from "../training/recipes.ts";
import { jsonText } from "./json-text.ts";
import { modelInWords, modelOf } from "./models.ts";
import { textTable } from "./quality-table.ts";
import { readRecipe } from "./recipe-options.ts";
import { type ReportOptions, reportTo, withReportOptions } from "./report-output.ts";

/** `denoise-wasm inspect MODEL`: prints what a model file holds; with --recipe, prints a recipe as JSON. */
export function inspectCommand(): Command {
  return withReportOptions(new Command("inspect"))
    .description("show what a model file holds")
    .argument("[model]", modelInWords)
    .option("--json", "print it as JSON")
    .option(
      "--recipe <name>",
      `print a recipe as JSON instead: ${Object.keys(recipes).join(", ")}, or a JSON file`,
    )
    .action(async (model: string | undefined, options: InspectOptions, command: Command) => {
      if (options.recipe === undefined && model === undefined)
        command.error("error: missing required argument 'model', or --recipe");
      const report = await reportTo(options);
      if (options.recipe !== undefined) await report(jsonText(await readRecipe(options.recipe), 2));
      else await report(await textOf(model!, options.json));
    });
}

interface InspectOptions extends ReportOptions {
  json?: boolean;
  recipe?: string;
}

/** What a model file holds, in words or as JSON. */
async function textOf(path: string, json = false): Promise<string> {
  const { spec, range, noise, provenance, parameters: values } = await modelOf(path);
  const tensors = parameters(spec).map(({ name, shape }) => ({
    name,
    shape,
    ...statistics(values.get(name)!),
  }));
  if (json) return jsonText({ spec, range, noise, provenance, tensors });
  const { height, width, channels } = spec.input;
  const facts = { ...provenance, noise: noiseName(noise), range: range.join(" to ") };
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(15)}${printable(`${value}`)}`);
  const rows = tensors.map(({ name, shape, mean, deviation, least, greatest }) => [
    name,
    shape.join("×"),
    ...[mean, deviation, least, greatest].map((value) => value.toPrecision(4)),
  ]);
  const size = `${parameterCount(spec)} parameters, pictures of ${height}×${width}×${channels}`;
  const table = textTable(["tensor", "shape", "mean", "deviation", "least", "greatest"], rows);
  return `${path}: ${size}\n\n${lines.join("\n")}\n\n${table}`;
}

function statistics(values: Float32Array) {
  let sum = 0;
  let squares = 0;
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of values) {
    sum += value;
    squares += value * value;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)), least, greatest };
}
