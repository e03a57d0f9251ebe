/** Where a denoiser's models come from. */
import { ModelFileError, printable, requireOption } from "../errors.ts";
import { type ConvModel, convModelOf, decodeConvModel } from "../model/conv-model.ts";
import type { ModelLike } from "../model/model.ts";
import { bytesOf } from "../wasm/inlined.ts";
import { bytesBehind, type Remote } from "../wasm/source.ts";

/**
 * A model: the bytes of a model file; a Response, stream, Blob or URL that gives them; in Node, Deno and Bun the path of a
 * file; or a model in memory.
 */
export type ModelSource = ModelLike | ArrayBufferView | ArrayBuffer | Remote;

/** The model files that a bundle carries, inlined. Undefined where it is built without them. */
export type BundledModels = readonly (string | undefined)[];

/**
 * The models that are given, or else those of the bundle.
 * @throws SpecError if one is of the wrong type
 * @throws ModelFileError if one cannot be read, is broken, or is not made of convolutions
 */
export async function modelsFrom(
  given: ModelSource | readonly ModelSource[] | undefined,
  inlined: BundledModels,
): Promise<ConvModel[]> {
  if (given === undefined)
    return (await bundledFiles(inlined)).map((bytes) => decodeConvModel(bytes, "the bundled model"));
  const sources = Array.isArray(given) ? ([...given] as ModelSource[]) : [given as ModelSource];
  requireOption("model", given, sources.length > 0, "one model or more");
  return Promise.all(sources.map(modelFrom));
}

/** The bytes of the model files that a bundle carries. @throws ModelFileError if it carries none */
export const bundledFiles = (inlined: BundledModels): Promise<Uint8Array<ArrayBuffer>[]> =>
  Promise.all(
    inlined.map((text) => {
      if (text !== undefined) return bytesOf(text);
      throw new ModelFileError(
        "This bundle has no weights. Pass a model file's bytes or address as `model`.",
      );
    }),
  );

async function modelFrom(source: ModelSource): Promise<ConvModel> {
  const isSource = typeof source === "string" || (Object(source) === source && !("then" in source));
  requireOption("model", source, isSource, "a model, its bytes, or where they are");
  const { url = source } = source as Response;
  const name = typeof url === "string" || url instanceof URL ? printable(`${url}`) : "the model";
  let model: ModelLike | ArrayBufferView | ArrayBuffer;
  try {
    model = await bytesBehind(source);
  } catch (cause) {
    const reason = printable((cause as Error).message);
    throw new ModelFileError(
      `${name} cannot be read: ${reason}. Check the path or address; or pass the bytes.`,
      { cause },
    );
  }
  if ("spec" in model) return convModelOf(model, name);
  const bytes = ArrayBuffer.isView(model)
    ? new Uint8Array(model.buffer, model.byteOffset, model.byteLength)
    : new Uint8Array(model);
  return decodeConvModel(bytes, name);
}
