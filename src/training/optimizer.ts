import { Setting } from "../../assembly/constants.ts";
import type { Network } from "../network/network.ts";
import type { Recipe } from "./recipe.ts";

/** Brings a network's optimiser to its next step, and gives each step its settings. */
export class Optimizer {
  /** β₁ᵗ and β₂ᵗ of Adam, by repeated multiplication: `Math.pow` differs between engines. */
  #power1 = 1;
  #power2 = 1;
  #steps = 0;

  /** @param steps those that are done; what the network keeps of them is set after this */
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

  /** To be called before each step. @param learningRate what the schedule says */
  beforeStep(learningRate: number): void {
    const { network, recipe } = this;
    const { settings } = network;
    const { optimizer, averaging } = recipe;
    this.#count();
    settings[Setting.rate] = learningRate;
    if (optimizer.type === "adam") {
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
    if (optimizer.type !== "adam") return;
    this.#power1 *= optimizer.beta1;
    this.#power2 *= optimizer.beta2;
  }
}
