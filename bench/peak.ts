/**
 * The multiply-add peak of a build: what its processor and engine do at best with numbers that never leave the
 * registers. The measure for matrix multiplies, which cannot be faster.
 *
 * The loop is n independent chains c ← c · m + m of 4 floats each. The product depends on the chain's last sum, so that
 * nothing can be moved out of the loop: engines compute a product of constants once. m is loaded from memory, because V8
 * keeps building a vector that it knows to be constant or a splat. Multiply and add take 4 + 3 cycles on current
 * processors, or 4 fused, and 2 to 3 are issued per cycle, so that 12 to 15 chains, as many as 16 registers hold besides m,
 * keep all units busy. Where they are two instructions, the addition follows its product by five others, since units that
 * run both are shared out better then. Which shape is best depends on the engine: the best of several counts.
 */
import { readFile, writeFile } from "node:fs/promises";
import type { Variant } from "../src/wasm/detect.ts";
import { summary, type Timed } from "./turns.ts";

/** Instructions between a product and its sum. */
const LAG = 5;
/** Rounds of a loop in a call. */
const ROUNDS = 20_000;
/** Where m lies. */
const FACTOR = 1024;
const shapes = [12, 13, 14, 15].flatMap((chains) => [1, 2, 4].map((unrolled) => ({ chains, unrolled })));
type Shape = (typeof shapes)[number];

const nameOf = ({ chains, unrolled }: Shape) => `peak_${chains}_${unrolled}`;

/** AssemblyScript of one loop. */
function loop(shape: Shape, variant: Variant): string {
  const c = Array.from({ length: shape.chains }, (_, i) => `c${i}`);
  const round = c.map((name, i) => {
    if (variant === "relaxed") return `${name} = f32x4.relaxed_madd(${name}, m, m);`;
    const earlier = c.at(i - LAG);
    return `${name} = f32x4.mul(${name}, m); ${earlier} = f32x4.add(${earlier}, m);`;
  });
  return `export function ${nameOf(shape)}(rounds: i32, factor: usize): f32 {
    const m = v128.load(factor);
    ${c.map((name, i) => `let ${name} = f32x4.splat(${i + 1});`).join(" ")}
    for (let i = 0; i < rounds; i++) {
      ${round.join(" ").repeat(shape.unrolled)}
    }
    return f32x4.extract_lane(${c.reduce((sum, name) => `f32x4.add(${sum}, ${name})`)}, 0);
  }`;
}

/** Compiles the loops with a build's compiler options. The source and the wasm stay in build/bench to be looked at. */
export async function compileLoops(variant: Variant): Promise<Uint8Array<ArrayBuffer>> {
  const { default: asc } = await import("assemblyscript/asc");
  const [source, outFile] = ["ts", "wasm"].map((end) => `build/bench/peak-${variant}.${end}`) as [
    string,
    string,
  ];
  await writeFile(source, shapes.map((shape) => loop(shape, variant)).join("\n"));
  const options = ["--config", "asconfig.json", "--target", variant, "--outFile", outFile];
  const { error, stderr } = await asc.main([source, ...options]);
  if (error) throw new Error(`${source}: ${stderr}`);
  return new Uint8Array(await readFile(outFile));
}

/** @returns what calls a loop so often and says how many milliseconds that took */
async function instantiateLoops(wasm: Uint8Array<ArrayBuffer>) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer, FACTOR, 4).fill(0.5);
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory } });
  return (shape: Shape, calls: number) => {
    const loop = instance.exports[nameOf(shape)] as (rounds: number, factor: number) => number;
    const start = performance.now();
    for (let i = 0; i < calls; i++) loop(ROUNDS, FACTOR);
    return performance.now() - start;
  };
}

/** @returns half a millisecond or so of work that keeps a core's units busy; it says how long it took */
export async function createProbe(wasm: Uint8Array<ArrayBuffer>): Promise<() => number> {
  const time = await instantiateLoops(wasm);
  return () => time({ chains: 14, unrolled: 1 }, 12);
}

/** All loops of a build; a turn gives the GFLOP/s of the fastest. */
export async function peakOf(variant: Variant): Promise<Timed> {
  const time = await instantiateLoops(await compileLoops(variant));
  const rate = (shape: Shape) => (ROUNDS * shape.unrolled * shape.chains * 8) / time(shape, 1) / 1e6;
  return {
    run(milliseconds) {
      const rates = shapes.map(() => [] as number[]);
      const start = performance.now();
      do {
        for (const [index, shape] of shapes.entries()) rates[index]!.push(rate(shape));
      } while (performance.now() - start < milliseconds);
      return Math.max(...rates.map((one) => summary(one).median));
    },
  };
}
