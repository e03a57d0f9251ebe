import { Setting } from "../../assembly/constants.ts";
import type { Network } from "../network/network.ts";
import type { Recipe } from "./recipe.ts";

/** Counts the steps of a training, and gives the network the optimiser's settings for each of them. */
export class Optimizer {
  /** β₁ᵗ and β₂ᵗ of Adam, by repeated multiplication: `Math.pow` differs between engines. */
  #power1 = 1;
  #power2 = 1;
  #steps = 0;

  /** @param steps how many steps are already done; the caller then restores the optimiser's state in the network */
  constructor(
    readonly network: Network,
    readonly recipe: Pick<Recipe, "optimizer" | "averaging">,
    steps = 0,
  ) {
    const { optimizer, averaging } = recipe;
    if (optimizer.type === "adagrad") network.resetAccumulators(optimizer.initialAccumulator);
    else {
      network.settings[Setting.beta1] = optimizer.beta1;
      network.settings[Setting.beta2] = optimizer.beta2;
      network.settings[Setting.epsilon] = optimizer.epsilon;
    }
    if (averaging) for (const [name, values] of network.parameters()) network.set(name, values, "average");
    while (this.#steps < steps) this.#count();
  }

  /** Has to be called before each step. @param learningRate the learning rate that the schedule gives */
  beforeStep(learningRate: number): void {
    const { network, recipe } = this;
    const { settings } = network;
    const { optimizer, averaging } = recipe;
    this.#count();
    settings[Setting.rate] = learningRate;
    if (optimizer.type === "muon") settings[Setting.muonRate] = learningRate;
    if (optimizer.type !== "adagrad") {
      settings[Setting.rate] = learningRate / (1 - this.#power1);
      settings[Setting.correction] = 1 / Math.sqrt(1 - this.#power2);
    }
    if (averaging) {
      settings[Setting.averaging] = 1 - Math.min(averaging.decay, this.#steps / (this.#steps + 9));
    }
  }

  #count(): void {
    const { optimizer } = this.recipe;
    this.#steps++;
    if (optimizer.type === "adagrad") return;
    this.#power1 *= optimizer.beta1;
    this.#power2 *= optimizer.beta2;
  }
}
