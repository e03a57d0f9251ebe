/** A recipe is a spec and all that training it needs: data that users can copy, change and pass on. */
import * as v from "valibot";
import { parse, parseSpec, SpecSchema } from "./spec.ts";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

export const RecipeSchema = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  spec: SpecSchema,
  noise: v.strictObject({
    model: v.literal("gaussian"),
    /** Standard deviation in grey levels (pictures are 0 to 255). The noisy picture is not clipped. */
    sigma: v.pipe(v.number(), v.finite(), v.minValue(0)),
    /** "once": each picture keeps the noise it was given before the first epoch. */
    drawn: v.literal("once"),
  }),
  /** Mean over pixels and pictures of the squared error. */
  loss: v.literal("mse"),
  optimizer: v.strictObject({
    type: v.literal("adagrad"),
    learningRate: positive,
    /** What each accumulator of squared gradients starts from; above 0, since there is no epsilon. */
    initialAccumulator: positive,
  }),
  epochs: v.pipe(v.number(), v.integer(), v.minValue(1)),
  batch: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 16)),
  /** "file": pictures in the order of the file, the same in each epoch. */
  order: v.literal("file"),
});

export type Recipe = v.InferOutput<typeof RecipeSchema>;

/** Checks unknown data; `what` names it in errors. @throws SpecError */
export function parseRecipe(data: unknown, what = "recipe"): Recipe {
  const recipe = parse(RecipeSchema, data, what);
  parseSpec(recipe.spec, `${what}, spec`);
  return recipe;
}

/** Dense layers of the given sizes: sigmoid between, linear at the end. */
export function autoencoderLayers(units: readonly number[]): Recipe["spec"]["layers"] {
  return units.map((size, index) => ({
    type: "dense",
    units: size,
    activation: index === units.length - 1 ? "linear" : "sigmoid",
  }));
}

/** The recipes that come with the package, by name. */
export const recipes = {
  /**
   * The classic Fashion-MNIST autoencoder. It compresses a picture to 32 numbers; its output is further from
   * the clean picture than the noisy input is.
   */
  "fashion-autoencoder": {
    name: "fashion-autoencoder",
    spec: {
      input: { height: 28, width: 28, channels: 1 },
      layers: autoencoderLayers([256, 32, 32, 256, 784]),
      initialization: { weights: 1, biases: 1 },
    },
    noise: { model: "gaussian", sigma: 10, drawn: "once" },
    loss: "mse",
    optimizer: { type: "adagrad", learningRate: 0.1, initialAccumulator: 0.1 },
    epochs: 100,
    batch: 100,
    order: "file",
  },
} as const satisfies Record<string, Recipe>;
