/**
 * Models as the denoiser needs them: layers of convolutions with their weights. The reader of model files here is small,
 * for bundles that have to be small, and strict: it knows only the tensors of convolutions, and checks the spec without a
 * schema. It takes and refuses the same files as src/model/model-file.ts, which reads everything that a model file may hold
 * and says more of what is wrong; only how a model was trained is not looked at here.
 */
import { ModelFileError, printable, shown } from "../errors.ts";
import {
  MOST_CHANNELS,
  MOST_DILATION,
  MOST_HEADER,
  MOST_SHRINK,
  MOST_SHUFFLED,
  MOST_WEIGHT,
} from "../network/limits.ts";
import type { AddLayer, Conv3x3Layer, PixelLayer, Spec } from "../network/spec.ts";
import { hasOnly, isSize, specFault } from "./conv-spec.ts";
import { MODEL_FORMAT, type ModelLike } from "./model.ts";

/** A layer as the denoiser runs it. The numbers of its channels, and how many times smaller than the picture it puts out. */
export type StreamLayer = { readonly inputs: number; readonly outputs: number; readonly shrink: number } & (
  | ConvLayer
  | { readonly type: PixelLayer["type"] }
  | { readonly type: "add" /** The number of the layer that is added, from 1 on. */; readonly from: number }
);

export interface ConvLayer {
  readonly type: "conv3x3" | "conv1x1";
  /** Height and width of the windows. */
  readonly window: 1 | 3;
  /** 0 if windows are single pixels. */
  readonly dilation: number;
  readonly activation: "linear" | "relu";
  /** [outputs, inputs, window, window], as stored: float32, the bits of float16, or int8. The core expands them to float32. */
  readonly weight: Values;
  /** What the int8 weights of each output are multiplied by. Only with int8 weights. */
  readonly scale: Values | undefined;
  /** Zeros where the layer has none. */
  readonly biases: Values;
}

export interface ConvModel {
  /** What errors call the model. */
  readonly name: string;
  /** The channels of a picture, without the noise level: 1 or 3. */
  readonly channels: 1 | 3;
  /** What grey levels are multiplied by before they go into the network. */
  readonly scale: number;
  /** Whether the network's output is the noise, which has to be subtracted, or the denoised picture. */
  readonly residual: boolean;
  /** What every layer sees outside its input. */
  readonly padding: "zeros" | "reflect";
  /** Whether the last input channel of the first convolution is the noise level. */
  readonly noiseLevel: boolean;
  readonly layers: readonly StreamLayer[];
  /** The network takes pictures whose height and width are multiples of this, */
  readonly multiple: number;
  /** and at least this: if borders are mirrored, windows must not reach further than a mirror does. */
  readonly least: number;
  /** How many pixels to each side a pixel of the output depends on, at most: a multiple of `multiple`. */
  readonly reach: number;
  /** By how many pixels a picture is continued to each side by its mirror image before it goes through the network. */
  readonly margin: number;
}

/** The values of a tensor: float32, the bits of float16, or int8. */
export type Values = Float32Array | Uint16Array | Int8Array;

/**
 * Layers that see zeros outside a picture do worse at its edge. A network of several scales does nearly as well there as
 * elsewhere if the zeros are this many pixels away: docs/experiments.md. Other networks are run as they were trained.
 */
const MARGIN = 4;

const kinds = { F32: Float32Array, F16: Uint16Array, I8: Int8Array } as const;
/** The keys that a layer of each type may have, besides its type. */
const keysOf: Record<string, string> = {
  conv3x3: "channels dilation activation bias",
  conv1x1: "channels activation bias",
  add: "from",
  "pixel-unshuffle": "",
  "pixel-shuffle": "",
};

/**
 * Reads a model file.
 * @param name what errors call the file
 * @throws ModelFileError on anything but a whole model of convolutions for grey or RGB pictures
 */
export const decodeConvModel = (bytes: Uint8Array, name: string): ConvModel =>
  understood(name, () => decode(bytes, name));

function decode(bytes: Uint8Array, name: string): ConvModel {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  // The data begins after the header's length (8 bytes) and the header.
  const begin = length < 8 ? Infinity : 8 + Number(view.getBigUint64(0, true));
  if (/^\s*<[^\0]*$/.test(String.fromCharCode(...bytes.subarray(0, 8))))
    throw fault(name, "is a web page or another text in angle brackets");
  if (begin > length || bytes[8] !== 0x7b)
    throw fault(name, `is no safetensors file, or cut short to ${length} bytes`);
  if (begin > MOST_HEADER) throw fault(name, `has a header of ${begin} bytes`);
  let spec: Spec;
  let entries: Record<string, Entry>;
  let unknown: number;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, begin));
    const { __metadata__: metadata, ...rest } = JSON.parse(text);
    spec = JSON.parse(metadata["denoise-wasm.spec"]);
    entries = rest;
    // Outside strings there is a colon for each key: __metadata__, the metadata's keys, and four for each tensor (its
    // name, dtype, shape and data_offsets). A difference means an unknown, missing or repeated key.
    const colons = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "").split(":").length - 1;
    unknown = colons - 1 - Object.keys(metadata).length - 4 * Object.keys(rest).length;
    const isText = Object.values(metadata).every((value) => typeof value === "string");
    if (!isText || metadata["denoise-wasm.format"] !== MODEL_FORMAT) throw new Error("not ours");
  } catch {
    throw fault(name, "has no header of this package with a spec in its metadata");
  }
  if (unknown !== 0) throw fault(name, "has a header with keys that are unknown, missing, or there twice");

  const spans: [number, number][] = [];
  const read = (key: string, shape: readonly number[]): Values => {
    const { dtype, shape: stored, data_offsets: offsets } = entries[key] ?? ({} as Partial<Entry>);
    const Kind = kinds[dtype!];
    const [from, to] = offsets ?? [-1, -1];
    const count = shape.reduce((product, length) => product * length);
    const size = Kind ? Kind.BYTES_PER_ELEMENT : 0;
    const isStored =
      JSON.stringify([stored, offsets]) === JSON.stringify([shape, [from, to]]) &&
      size * count === to - from &&
      from >= 0 &&
      to <= length - begin;
    if (!isStored || (Kind !== Float32Array && shape.length < 2)) {
      const dtypes = shape.length < 2 ? "F32" : "F32, F16 or I8";
      const found = `${printable(`${dtype}`.slice(0, 80))} ${shown(stored)} in bytes ${shown(offsets)}`;
      const remedy = dtype && !Kind ? ". Convert it to F32" : "";
      throw fault(name, `has "${key}" as ${found}, not ${dtypes} [${shape}]${remedy}`);
    }
    spans.push([from, to]);
    const values = new Kind(bytes.slice(begin + from, begin + to).buffer);
    return usable(values, key, name);
  };
  const model = modelOf(spec, name, read);
  if (spans.length !== Object.keys(entries).length)
    throw fault(name, "has tensors that its spec does not know");
  let end = 0;
  for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
    if (from !== end) throw fault(name, `has tensors that overlap or leave a hole at byte ${end}`);
    end = to;
  }
  if (end !== length - begin) throw fault(name, `has tensors up to byte ${end} of ${length - begin}`);
  return model;
}

/** @throws ModelFileError if a value is not finite or beyond the limit */
function usable<Kind extends Values>(values: Kind, key: string, name: string): Kind {
  const isBad =
    values instanceof Uint16Array
      ? (bits: number) => (~bits & 0x7c00) === 0
      : (value: number) => !(Math.abs(value) <= MOST_WEIGHT);
  const bad = values.findIndex(isBad);
  if (bad >= 0)
    throw fault(name, `has "${key}", which is not finite, or beyond ${MOST_WEIGHT}, at index ${bad}`);
  return values;
}

/** A tensor's entry in the header, if the header is right. */
interface Entry {
  readonly dtype: keyof typeof kinds;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** @throws ModelFileError if the spec is not a network of convolutions, or the weights do not fit it */
export const convModelOf = (model: ModelLike, name: string): ConvModel =>
  understood(name, () =>
    modelOf(model.spec, name, (key) => {
      const values = model.parameters?.get?.(key);
      return values?.[Symbol.toStringTag] === "Float32Array" ? usable(values, key, name) : undefined;
    }),
  );

/** What a reader reads. @throws ModelFileError in place of any other error, such as of values of the wrong type */
function understood(name: string, read: () => ConvModel): ConvModel {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    throw fault(name, `cannot be understood (${(error as Error).message})`, error);
  }
}

function modelOf(
  spec: Spec,
  name: string,
  read: (key: string, shape: readonly number[]) => Values | undefined,
): ConvModel {
  const wrong = specFault(spec);
  if (wrong) throw fault(name, wrong);
  const { input, residual = false, noiseLevel = false, white = 255, padding = "zeros" } = spec;
  const { height, width } = input;
  const channels = input.channels as 1 | 3;
  const layers: StreamLayer[] = [];
  let outputs: number = channels;
  let [shrink, multiple, least, reach, firstConvolution] = [1, 1, 1, 0, 0];
  let lastActivation: unknown;
  for (const layer of spec.layers) {
    const number = layers.length + 1;
    const {
      type,
      channels: count = 0,
      dilation = 0,
      activation,
      bias = true,
      from,
    } = (layer ?? {}) as AnyLayer;
    let inputs = outputs;
    const require = (fits: unknown) => {
      if (fits) return;
      const what = `${shown(layer)} for ${inputs} channels`;
      throw fault(name, `has a layer ${number} that does not fit, or whose weights do not: ${what}`);
    };
    require(hasOnly(layer ?? [0], `type ${keysOf[type as string]}`));
    if (type === "conv3x3" || type === "conv1x1") {
      const window = type === "conv3x3" ? 3 : 1;
      require(window === 1 || isSize(dilation, MOST_DILATION));
      require((activation === "linear" || activation === "relu") && typeof bias === "boolean");
      require(isSize(count, MOST_CHANNELS));
      firstConvolution ||= number;
      if (noiseLevel && firstConvolution === number) inputs++;
      outputs = count;
      const key = `layer${number}.weight`;
      const weight = read(key, [outputs, inputs, window, window])!;
      require(weight?.length === window * window * inputs * outputs);
      const scale = weight instanceof Int8Array ? read(`${key}.scale`, [outputs]) : undefined;
      if (scale?.some((value) => value <= 0)) throw fault(name, `has "${key}" with a scale not above 0`);
      // The largest product with eight bits.
      if (scale)
        usable(
          scale.map((value) => 128 * value),
          key,
          name,
        );
      const biases = bias ? read(`layer${number}.bias`, [outputs])! : new Float32Array(outputs);
      require(biases?.length === outputs);
      lastActivation = activation;
      reach += dilation * shrink;
      if (padding === "reflect") least = Math.max(least, (dilation + 1) * shrink);
      const sizes = { inputs, outputs, shrink, window, dilation } as const;
      layers.push({ type, ...sizes, activation: activation!, weight, scale, biases });
    } else if (type === "add") {
      const other = layers.findIndex((_, index) => from === `layer${index + 1}`);
      const source = layers[other];
      require(source?.outputs === inputs && source.shrink === shrink);
      require(firstConvolution > 0 && other >= firstConvolution - 1 && other < number - 2);
      layers.push({ type, inputs, outputs, shrink, from: other + 1 });
    } else {
      require(type === "pixel-unshuffle" || type === "pixel-shuffle");
      const back = type === "pixel-shuffle";
      shrink *= back ? 0.5 : 2;
      outputs *= back ? 0.25 : 4;
      // A window around the second of a pair of pixels reaches one pixel further to one side.
      if (back) reach += shrink;
      require(shrink >= 1 && shrink <= MOST_SHRINK && outputs % 1 === 0 && outputs <= MOST_SHUFFLED);
      require(!back || firstConvolution > 0);
      multiple = Math.max(multiple, shrink);
      layers.push({ type: type as PixelLayer["type"], inputs, outputs, shrink });
    }
  }
  if (outputs !== channels || shrink !== 1)
    throw fault(name, `puts out ${outputs} channels, not ${channels}`);
  if (lastActivation !== "linear") throw fault(name, "has no linear convolution as the last");
  if (height % multiple !== 0 || width % multiple !== 0 || Math.min(height, width) < least)
    throw fault(name, `is for pictures of ${height} × ${width}, which its layers cannot halve or mirror`);
  const scale = Math.fround(white / 255);
  reach = Math.ceil(reach / multiple) * multiple;
  const margin = padding === "zeros" && multiple > 2 ? MARGIN : 0;
  const sizes = { channels, scale, multiple, least, reach, margin } as const;
  return { name, ...sizes, residual, padding, noiseLevel, layers };
}

/** A layer of a spec, if the spec is right. */
type AnyLayer = Partial<Omit<Conv3x3Layer & AddLayer, "type">> & { readonly type: unknown };

function fault(name: string, what: string, cause?: unknown): ModelFileError {
  return new ModelFileError(`${name} ${what}. Use a model that "train" wrote for convolutions.`, { cause });
}
