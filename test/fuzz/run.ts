/**
 * npm run fuzz [-- TARGET … --inputs N | --seconds S --seed N --first N]: gives each target so many inputs, or works for so
 * long on each. What is found is printed, with the number that makes it again, and kept in build/fuzz.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzzing.ts";
import { targets } from "./targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
  },
});
const unknown = positionals.filter((name) => targets.every((target) => target.name !== name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}, only ${targets.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
const [seed, first] = [Number(values.seed), Number(values.first)];
mkdirSync("build/fuzz/found", { recursive: true });
for (const target of targets) {
  if (positionals.length > 0 && !positionals.includes(target.name)) continue;
  const start = performance.now();
  const isEnough = values.inputs
    ? (inputs: number) => inputs >= Number(values.inputs)
    : () => performance.now() - start > 1000 * Number(values.seconds);
  const { inputs, taken, slowest, findings } = await fuzz(target, { seed, first, isEnough });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `${target.name}: ${inputs} inputs, ${taken} taken, slowest ${slowest.toFixed(0)} ms, ${findings.length} findings, ${seconds} s`,
  );
  const kinds = new Set<string>();
  for (const { index, what, input } of findings) {
    const kind = what.replace(/\d+/g, "N").slice(0, 90);
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    console.log(`  --seed ${seed} --first ${index} --inputs 1: ${what.slice(0, 500)}`);
    const bytes = await input;
    if (bytes instanceof Uint8Array) writeFileSync(`build/fuzz/found/${target.name}-${seed}-${index}`, bytes);
  }
  if (findings.length > 0) process.exitCode = 1;
}
