/** The option --noise: the model of a text, or of a file. */
import { SpecError } from "../errors.ts";
import { parse } from "../network/parse.ts";
import { cameraNoise } from "../noise/camera.ts";
import type { NoiseModel } from "../noise/noise.ts";
import { NoiseSchema } from "../noise/noise-schema.ts";
import { numberFrom, readJson } from "./option-values.ts";

/** The noise of a text or a file. @throws SpecError */
export async function noiseModelFrom(text: string): Promise<NoiseModel> {
  const { drawn: _, ...model } = parse(
    NoiseSchema,
    { drawn: "fresh", ...(await noiseOf(text)) },
    `--noise ${text}`,
  );
  return model;
}

/** Turns a text such as "speckle,contrast=0.1..0.3" into an object, or reads a file; not checked yet. "camera" alone is the package's own. */
export async function noiseOf(text: string): Promise<{ model: string }> {
  if (text.trim() === cameraNoise.model) return cameraNoise;
  if (text.endsWith(".json")) return readNoise(text);
  const [model, ...settings] = text.split(",");
  const parsed = settings.map((setting) => {
    const [key, value] = setting.split("=");
    const numbers = (value ?? "").split("..").map((part) => numberFrom(`--noise ${key}`, part));
    return [key!.trim(), numbers.length === 1 ? numbers[0] : numbers] as const;
  });
  return { ...Object.fromEntries(parsed), model: model!.trim() };
}

/** Reads a file of noise, not yet checked. @throws SpecError */
async function readNoise(path: string): Promise<{ model: string }> {
  const noise = await readJson(path, "a model of noise");
  if (typeof noise === "object" && noise !== null && "model" in noise) return noise as { model: string };
  throw new SpecError(`${path} holds no noise: it needs the key "model". docs/training.md names the keys.`);
}
