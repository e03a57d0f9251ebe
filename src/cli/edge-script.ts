/**
 * One script that denoises: the code, the core and models, which need no other file. The code is the package's denoise.js,
 * which is built without the other two; they follow it as base64 of deflated bytes.
 */
import { readFile } from "node:fs/promises";
import { constants, deflateRawSync } from "node:zlib";
import { convModelOf } from "../model/conv-model.ts";
import type { Model } from "../model/model.ts";
import { encodeWeights } from "../model/model-file.ts";

/**
 * The text of a script that exports what `denoise-wasm` does, and whose `createDenoiser` uses these models, in eight bits, if
 * it is given none.
 * @throws ModelFileError if a model is not made of convolutions
 */
export async function edgeScript(models: readonly { name: string; model: Model }[]): Promise<string> {
  const besides = (name: string) => readFile(new URL(`./${name}`, import.meta.url));
  for (const { name, model } of models) convModelOf(model, name);
  const files = models.map(({ model }) => deflatedModel(encodeWeights(model, "i8")));
  const wasm = base64(deflateRawSync(await besides("denoise.wasm"), { level: 9 }));
  const code = (await besides("denoise.js")).toString();
  // The code exports its createDenoiser under that name, and is minified.
  const create = /([\w$]+) as createDenoiser,?/;
  const [entry, inner] = code.match(create)!;
  return `${code.replace(entry, "")}
const inflated=async text=>{
const bytes=Uint8Array.from(atob(text),c=>c.charCodeAt());
return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer())
};
export async function createDenoiser(options={}){
if({}.toString.call(options)!=="[object Object]")return ${inner}(options);
const{wasm=await inflated("${wasm}"),model=await Promise.all(${JSON.stringify(files)}.map(inflated)),...others}=options;
return ${inner}({wasm,model,...others})
}
`;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/**
 * Deflates a model file. The data of each tensor gets codes of its own, and no repetitions are looked for in it: in weights
 * these are chance, and cost more than they save.
 */
function deflatedModel(file: Uint8Array): string {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header: Record<string, { data_offsets?: readonly [number, number] }> = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  );
  const ends = Object.values(header).flatMap(({ data_offsets }) => data_offsets?.[1] ?? []);
  const cuts = [start, ...ends.map((end) => start + end).sort((a, b) => a - b)];
  const parts = cuts.map((end, index) =>
    deflateRawSync(file.subarray(cuts[index - 1] ?? 0, end), {
      level: 9,
      strategy: index === 0 ? constants.Z_DEFAULT_STRATEGY : constants.Z_HUFFMAN_ONLY,
      finishFlush: index < cuts.length - 1 ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
    }),
  );
  return base64(Buffer.concat(parts));
}
