import type { Command } from "commander";
import { SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { Noise } from "../noise/noise.ts";
import { fineTuning, startingModel, withNetworkOf } from "../training/fine-tuning.ts";
import { autoencoderLayers, parseRecipe, type Recipe, recipes } from "../training/recipes.ts";
import { noiseOf } from "./noise-option.ts";
import { numberFrom, readJson } from "./option-values.ts";

/** The options' texts: the name or file of a recipe, and changes to its hyper-parameters. */
export interface RecipeOptions {
  recipe?: string;
  epochs?: string;
  batch?: string;
  lr?: string;
  initialAccumulator?: string;
  noise?: string;
  sigma?: string;
  patchesPerEpoch?: string;
  layers?: string;
  initWeights?: string;
  initBiases?: string;
}

/** Adds the options that name a recipe and change it. */
export function withRecipeOptions(command: Command): Command {
  return command
    .option(
      "--recipe <name|file>",
      `one of ${Object.keys(recipes).join(", ")}, or a JSON file: a recipe, or the report of a run (default: fashion-autoencoder; with --from the model's own, ` +
        "with smaller steps, and few of them)",
    )
    .option("--epochs <n>", "passes over the training images")
    .option("--batch <n>", "images a step")
    .option("--lr <rate>", "learning rate")
    .option("--initial-accumulator <x>", "what Adagrad's sums of squared gradients start from")
    .option(
      "--noise <model,key=x…|file>",
      "other noise, such as poisson-gaussian,gain=0.5..4,sigma=5 or salt-and-pepper,share=0.1; numbers or ranges; or camera; or a " +
        "JSON file of noise, as in a recipe",
    )
    .option("--sigma <levels>", "standard deviation of the noise, in grey levels of 0 to 255")
    .option("--patches-per-epoch <n>", "patches an epoch that are cut at random out of pictures of any size")
    .option("--layers <sizes>", "outputs of each dense layer, such as 256,32,32,256,784")
    .option("--init-weights <sigma>", "standard deviation that weights are drawn with")
    .option("--init-biases <sigma>", "standard deviation that biases are drawn with");
}

/**
 * The recipe that the options describe.
 * @param from the model that the training goes on from, if there is one: the recipe gets its network
 * @throws SpecError
 */
export async function recipeFrom(options: RecipeOptions, from?: Model): Promise<Recipe> {
  const base = await baseOf(options, from);
  const { spec, noise, optimizer } = base;
  return parseRecipe(
    {
      ...base,
      spec: {
        ...spec,
        layers:
          options.layers === undefined
            ? spec.layers
            : autoencoderLayers(options.layers.split(",").map((units) => numberFrom("--layers", units))),
        initialization: {
          ...spec.initialization,
          weights: numberOr("--init-weights", options.initWeights, spec.initialization.weights),
          biases: numberOr("--init-biases", options.initBiases, spec.initialization.biases),
        },
      },
      noise: await noiseFrom(options, noise),
      optimizer: {
        ...optimizer,
        learningRate: numberOr("--lr", options.lr, optimizer.learningRate),
        ...(options.initialAccumulator !== undefined && {
          initialAccumulator: numberFrom("--initial-accumulator", options.initialAccumulator),
        }),
      },
      epochs: numberOr("--epochs", options.epochs, base.epochs),
      batch: numberOr("--batch", options.batch, base.batch),
      ...(options.patchesPerEpoch !== undefined && {
        patchesPerEpoch: numberFrom("--patches-per-epoch", options.patchesPerEpoch),
      }),
    },
    `recipe "${options.recipe ?? base.name}"`,
  );
}

async function baseOf({ recipe }: RecipeOptions, from?: Model): Promise<Recipe> {
  if (from && recipe === undefined) return fineTuning(from);
  const base = await readRecipe(recipe ?? "fashion-autoencoder");
  return from ? { ...base, spec: withNetworkOf(base, startingModel(base, from).spec) } : base;
}

/** The noise that the options describe, not yet checked. It is drawn when the recipe says, unless a file says it. @throws SpecError */
async function noiseFrom({ noise: text, sigma }: RecipeOptions, base: Noise): Promise<unknown> {
  const noise = text === undefined ? base : { drawn: base.drawn, ...(await noiseOf(text)) };
  if (sigma === undefined) return noise;
  if (!("sigma" in noise)) {
    throw new SpecError(
      `${noise.model} noise has no sigma, so that --sigma cannot set it. Use --noise or a recipe file instead.`,
    );
  }
  return { ...noise, sigma: numberFrom("--sigma", sigma) };
}

/** Reads a recipe that is named by its name or by its file. @throws SpecError */
export async function readRecipe(name: string): Promise<Recipe> {
  const known: Record<string, Recipe> = recipes;
  if (Object.hasOwn(known, name)) return known[name]!;
  const data = await readJson(name, `a recipe (${Object.keys(recipes).join(", ")})`);
  // A run's report holds the recipe that it was trained by.
  return parseRecipe((data as { recipe?: unknown } | null)?.recipe ?? data, name);
}

function numberOr<T>(option: string, text: string | undefined, otherwise: T): number | T {
  return text === undefined ? otherwise : numberFrom(option, text);
}
