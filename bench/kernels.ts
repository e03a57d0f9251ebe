/** The operations of training steps, each beside the multiply-add peak of its build. */
import { Purpose, Random } from "../src/noise/rng.ts";
import { modes, type OurOptions, trainer } from "./contestants.ts";
import { addTable } from "./report.ts";
import { repeat, summary, type Timed } from "./turns.ts";
import { type Products, SEED, type Workload } from "./workloads.ts";

/** Operations of a step by name, those of the same kind and size together, with the medians of a turn. */
export type Operations = ReadonlyMap<string, { readonly flop: number; readonly milliseconds: number }>;

/**
 * All operations of the workload's training step; or the multiplies of a product alone, on random pictures, at a rate of 0:
 * values stay those of the first step.
 */
export async function profileOf(
  options: OurOptions,
  workload: Workload,
  product?: Products,
): Promise<Timed<Operations>> {
  const { network, fill } = product
    ? { network: await randomNetwork(product, options), fill: undefined }
    : await trainer(workload, options);
  const profile = new options.checkout.StepProfile(network);
  const step = () => {
    fill?.();
    profile.sample();
  };
  return {
    async run(milliseconds) {
      profile.clear();
      await repeat(step, milliseconds);
      const operations = new Map<string, { flop: number; milliseconds: number }>();
      const sum = { flop: 0, milliseconds: 0 };
      const seen = new Set<string>();
      for (const { operation, layer, flop, milliseconds } of profile.result()) {
        if (product && !flop) continue;
        // The second convolution with a layer's weights is that of its input's gradient.
        const own = `${operation} ${layer?.name}`;
        const back = operation === "conv3x3" && seen.has(own) ? ", input gradient" : "";
        seen.add(own);
        const name = operation + (layer ? ` ${layer.inputs} × ${layer.outputs}${back}` : "");
        const same = operations.get(name) ?? { flop: 0, milliseconds: 0 };
        operations.set(name, same);
        for (const total of [same, sum]) {
          total.flop += flop;
          total.milliseconds += milliseconds;
        }
      }
      return operations.set("all", sum);
    },
  };
}

async function randomNetwork({ spec, batch }: Products, { checkout, variant }: OurOptions) {
  const options = { mode: modes[variant], batch, training: { gradients: true } };
  const network = await checkout.Network.create(spec, options);
  for (const [index, [name, values]] of [...network.parameters()].entries()) {
    new Random(SEED, Purpose.initialization, index).fillNormal(values, 0.1);
    network.set(name, values);
  }
  network.resetAccumulators(1);
  new Random(SEED, Purpose.testNoise).fillNormal(network.input, 100);
  return network;
}

/** The milliseconds of an operation in each turn. */
export function timesOf(turns: readonly Operations[], operation: string): number[] {
  return turns.map((turn) => turn.get(operation)!.milliseconds);
}

/** A table of a profile's operations, medians over its turns, beside a peak in GFLOP/s. */
export function addProfile(what: string, turns: readonly Operations[], peak: number): void {
  const whole = summary(timesOf(turns, "all")).median;
  const rows = [...turns[0]!].map(([name, { flop }]) => {
    const milliseconds = summary(timesOf(turns, name)).median;
    const rate = flop ? flop / milliseconds / 1e6 : undefined;
    const rates = { MFLOP: flop ? flop / 1e6 : undefined, "GFLOP/s": rate, "of peak": rate && rate / peak };
    return { name, ...rates, µs: 1000 * milliseconds, share: milliseconds / whole };
  });
  addTable(`${what}; multiply-add peak ${peak.toFixed(1)} GFLOP/s`, rows);
}
