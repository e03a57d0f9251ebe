/** The operations of training steps, each beside the multiply-add peak of its build. */
import type { LayerShape } from "../src/network/spec.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { modes, type OurOptions, trainer } from "./contestants.ts";
import { digits, percent, printTable } from "./report.ts";
import { repeat, summary, type Timed } from "./turns.ts";
import { type Products, SEED, type Workload } from "./workloads.ts";

/** An operation of a step, or those of the same kind and size together. */
export interface Operation {
  /** Floating-point operations of its multiply, 0 where it has none. */
  readonly flop: number;
  readonly milliseconds: number;
}

/** The operations of one kind of step by name, with the medians of a turn. */
export interface Profile extends Timed<ReadonlyMap<string, Operation>> {
  readonly what: string;
}

/** All operations of the workload's training step. */
export async function stepProfile(workload: Workload, options: OurOptions): Promise<Profile> {
  const { network, fill } = await trainer(workload, options);
  const profile = new options.checkout.StepProfile(network);
  return profileOf(`Operations of a step of ${workload.batch} pictures`, profile, fill);
}

/** Multiplies alone, on random pictures, at a rate of 0: values stay those of the first step. */
export async function productProfile(
  { what, spec, batch, of }: Products,
  { checkout, variant }: OurOptions,
): Promise<Profile> {
  const options = { mode: modes[variant], batch, training: { gradients: true } };
  const network = await checkout.Network.create(spec, options);
  for (const [index, [name, values]] of [...network.parameters()].entries()) {
    new Random(SEED, Purpose.initialization, index).fillNormal(values, 0.1);
    network.set(name, values);
  }
  network.resetAccumulators(1);
  new Random(SEED, Purpose.testNoise).fillNormal(network.input, 100);
  return profileOf(what, new checkout.StepProfile(network), undefined, of);
}

/** @param of whose multiplies to take; all operations if left out */
function profileOf(
  what: string,
  profile: InstanceType<OurOptions["checkout"]["StepProfile"]>,
  fill?: () => void,
  of?: (layer: LayerShape) => boolean,
): Profile {
  const step = () => {
    fill?.();
    profile.sample();
  };
  return {
    what,
    async run(milliseconds) {
      profile.clear();
      await repeat(step, milliseconds);
      const operations = new Map<string, Operation>();
      const seen = new Set<string>();
      for (const { operation, layer, ...times } of profile.result()) {
        if (of && !(layer && times.flop && of(layer))) continue;
        // The second convolution with a layer's weights is that of its input's gradient.
        const own = `${operation} ${layer?.name}`;
        const back = operation === "conv3x3" && seen.has(own) ? "InputGradient" : "";
        seen.add(own);
        const name = `${operation}${back}${layer ? ` ${layer.inputs} × ${layer.outputs}` : ""}`;
        const { flop, milliseconds } = operations.get(name) ?? { flop: 0, milliseconds: 0 };
        operations.set(name, {
          flop: flop + times.flop,
          milliseconds: milliseconds + times.milliseconds,
        });
      }
      return operations;
    },
  };
}

/** The times of each operation, turn by turn, and of all together. */
export function timesOf(turns: readonly ReadonlyMap<string, Operation>[]): Map<string, number[]> {
  const times = new Map(
    [...turns[0]!.keys()].map((name) => [name, turns.map((turn) => turn.get(name)!.milliseconds)]),
  );
  const sums = turns.map((turn) =>
    [...turn.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  );
  return times.set("all", sums);
}

/** Prints the operations of a profile, medians over its turns, beside a peak in GFLOP/s. */
export function printProfile(what: string, turns: readonly ReadonlyMap<string, Operation>[], peak: number) {
  const times = timesOf(turns);
  const flops = [...turns[0]!.values()].map(({ flop }) => flop);
  flops.push(flops.reduce((a, b) => a + b, 0));
  const whole = summary(times.get("all")!).median;
  const operations = [...times].map(([operation, times], index) => {
    const milliseconds = summary(times).median;
    return { operation, flop: flops[index]!, milliseconds, share: milliseconds / whole };
  });
  printTable(
    `${what}; multiply-add peak ${digits(peak)} GFLOP/s`,
    ["operation, inputs × outputs", "MFLOP", "GFLOP/s", "of peak", "µs", "share"],
    operations.map(({ operation, flop, milliseconds, share }) => {
      const rate = flop / milliseconds / 1e6;
      const rates = flop ? [digits(flop / 1e6), digits(rate), percent(rate / peak)] : ["", "", ""];
      return [operation, ...rates, (1000 * milliseconds).toFixed(1), percent(share, 1)];
    }),
  );
  return { what, operations };
}
