/**
 * The multiply-add peak of a build: what its processor and engine do at best with numbers that never leave the
 * registers. The measure for matrix multiplies, which cannot be faster.
 *
 * The loop is n independent chains c ← c · m + m of 4 floats each. The product depends on the chain's last sum,
 * so that nothing can be moved out of the loop or shared between chains: a loop c ← c + a · b is no measure
 * where multiply and add are two instructions, since engines compute a product of constants once. m is loaded
 * from memory, because V8 keeps building a vector that it knows to be constant or a splat. Multiply and add
 * take 4 + 3 cycles on current processors, or 4 fused, and 2 to 3 are issued per cycle, so that 12 to 15
 * chains, as many as 16 registers hold besides m, keep all units busy. Where they are two instructions, the
 * addition follows its product by five others, since units that run both are shared out better then. Which
 * number of chains and which unrolling is best depends on the engine: the best of several counts.
 */
import { readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import type { Variant } from "../src/wasm/detect.ts";
import { instantiateLoops, ROUNDS } from "./probe.ts";
import { type Timed, timeCalls } from "./timing.ts";

/** Instructions between a product and its sum. */
const LAG = 5;
const shapes = [12, 13, 14, 15].flatMap((chains) => [1, 2, 4].map((unrolled) => ({ chains, unrolled })));

/** AssemblyScript of one loop, exported as `peak_CHAINS_UNROLLED`. */
function loop({ chains, unrolled }: (typeof shapes)[number], variant: Variant): string {
  const c = Array.from({ length: chains }, (_, i) => `c${i}`);
  const round = c.map((name, i) => {
    if (variant === "relaxed") return `${name} = f32x4.relaxed_madd(${name}, m, m);`;
    const earlier = c.at(i - LAG);
    return `${name} = f32x4.mul(${name}, m); ${earlier} = f32x4.add(${earlier}, m);`;
  });
  return `export function peak_${chains}_${unrolled}(rounds: i32, factor: usize): f32 {
    const m = v128.load(factor);
    ${c.map((name, i) => `let ${name} = f32x4.splat(${i + 1});`).join(" ")}
    for (let i = 0; i < rounds; i++) {
      ${round.join(" ").repeat(unrolled)}
    }
    return f32x4.extract_lane(${c.reduce((sum, name) => `f32x4.add(${sum}, ${name})`)}, 0);
  }`;
}

/** Compiles the loops with a build's compiler options. The source and the wasm stay in build/bench to be looked at. */
export async function compileLoops(variant: Variant): Promise<Uint8Array<ArrayBuffer>> {
  const source = `build/bench/peak-${variant}.ts`;
  const outFile = `build/bench/peak-${variant}.wasm`;
  await writeFile(source, shapes.map((shape) => loop(shape, variant)).join("\n"));
  const options = ["--config", "asconfig.json", "--target", variant, "--outFile", outFile];
  const { error, stderr } = await asc.main([source, ...options]);
  if (error) throw new Error(`${source}: ${stderr}`);
  return new Uint8Array(await readFile(outFile));
}

/** A loop of a build, and how to read its time. */
export interface PeakLoop extends Timed {
  readonly chains: number;
  readonly unrolled: number;
  /** Floating-point operations of a call. */
  readonly flop: number;
}

/** The loops of a build. */
export async function peakLoops(variant: Variant): Promise<PeakLoop[]> {
  const callOf = await instantiateLoops(await compileLoops(variant));
  return shapes.map(({ chains, unrolled }) => {
    const call = callOf(chains, unrolled);
    return {
      name: `${variant}, ${chains} chains, unrolled ${unrolled}×`,
      chains,
      unrolled,
      flop: ROUNDS * unrolled * chains * 4 * 2,
      run: (count) => timeCalls(call, count),
    };
  });
}
