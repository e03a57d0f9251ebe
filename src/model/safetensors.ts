/**
 * The container format safetensors (https://github.com/huggingface/safetensors#format): 8 bytes with the length of the
 * header, a JSON header with dtype, shape and offsets of each tensor, then the data. All is little-endian, as is every
 * machine that this package runs on. Nothing here knows what the tensors mean.
 */
import { ModelFileError, SpecError, shown } from "../errors.ts";
import { MOST_HEADER, MOST_TENSORS } from "../network/limits.ts";
import { scanJson } from "./scan-json.ts";

/** The kind of array that holds each dtype, in the order in which tensors are written: dtypes of more bytes first. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  F16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;
const order = Object.keys(arrays) as Dtype[];

export type Dtype = keyof typeof arrays;

/** `data` holds as many values as the product of `shape`, the last dimension varying fastest. F16 values are bits. */
export type Tensor = { [D in Dtype]: TensorOf<D, (typeof arrays)[D]["prototype"]> }[Dtype];

interface TensorOf<D, Data> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: Data;
}

export interface SafetensorsFile {
  /** By name, in the order of their data in the file. */
  tensors: Map<string, Tensor>;
  metadata: Record<string, string>;
}

/** The header, its tensors, and their shapes. */
const MOST_DEPTH = 3;

/**
 * Encodes tensors and metadata as a safetensors file. Equal input gives equal bytes. As in the reference implementation,
 * tensors of wide dtypes come first, so that all data is aligned, and those of one dtype are in the order of their names.
 * Metadata keys keep the order in which they are given.
 * @throws SpecError if a tensor's data does not fit its shape, a tensor is named `__metadata__`, or names and metadata are
 * longer than `readSafetensors` takes
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => order.indexOf(a.dtype) - order.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === "__metadata__")
      throw new SpecError("No tensor may be named __metadata__, which the format keeps.");
    const count = shape.reduce((product, size) => product * size, 1);
    const kind = arrays[dtype].name;
    if (data[Symbol.toStringTag] !== kind || data.length !== count) {
      throw new SpecError(
        `Tensor ${quote(name)}, ${dtype} [${shape}], needs ${count} values in a ${kind}; it has ${data.length} in a ${data[Symbol.toStringTag]}.`,
      );
    }
    const begin = end;
    end += data.byteLength;
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }

  const json = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const header = new TextEncoder().encode(json);
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > MOST_HEADER)
    throw new SpecError(
      `Names and metadata would take ${headerLength} bytes, more than the ${MOST_HEADER} that a file may have. Shorten them.`,
    );
  const file = new Uint8Array(8 + headerLength + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(header, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file and trusts nothing in it: header length, UTF-8, JSON, duplicate names, dtypes, shapes and
 * offsets are checked, and the tensors have to cover the data without holes or overlaps. A tensor's data is a view into
 * `bytes` if it is aligned there, else a copy. Values may be NaN: see `requireFinite`.
 * @param name what errors call the file
 * @throws ModelFileError for any fault
 */
export function readSafetensors(bytes: Uint8Array, name: string): SafetensorsFile {
  const fault = (what: string) =>
    new ModelFileError(
      `${name}: ${what}. The file is damaged or is not a safetensors file; copy, download or export it again.`,
    );

  const { length, byteOffset } = bytes;
  if (/^\s*<[^\0]*$/.test(String.fromCharCode(...bytes.subarray(0, 8))))
    throw fault("it is a web page or another text in angle brackets");
  if (length < 8) throw fault(`${length} bytes are too few for a header`);
  const headerLength = Number(new DataView(bytes.buffer, byteOffset).getBigUint64(0, true));
  if (headerLength > MOST_HEADER)
    throw fault(`a header of ${headerLength} bytes is over the limit of ${MOST_HEADER}`);
  if (headerLength > length - 8)
    throw fault(`the header should have ${headerLength} bytes, but only ${length - 8} follow`);
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fault);
  const buffer = bytes.subarray(8 + headerLength);

  const metadata: Record<string, string> = Object.create(null);
  const ranges: Range[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") {
      if (!isObject(value)) throw fault("__metadata__ is not an object");
      for (const [field, text] of Object.entries(value)) {
        if (typeof text !== "string") throw fault(`metadata ${quote(field)} is not a string`);
        metadata[field] = text;
      }
    } else {
      ranges.push(readEntry(key, value, buffer, { file: name, fault }));
    }
  }

  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, Tensor>();
  let covered = 0;
  for (const { key, begin, end, tensor } of ranges) {
    if (begin !== covered) {
      const kind = begin < covered ? "overlaps the one before it" : "leaves a hole before it";
      throw fault(`tensor ${quote(key)} begins at byte ${begin} and ${kind}, which ends at ${covered}`);
    }
    covered = end;
    tensors.set(key, tensor);
  }
  if (covered !== buffer.length)
    throw fault(`the tensors end at byte ${covered}, the data at ${buffer.length}`);
  return { tensors, metadata };
}

/**
 * Checks that all values are finite and not beyond a limit.
 * @throws ModelFileError that names the file, the tensor and the first bad index
 */
export function requireFinite(
  { dtype, data }: Tensor,
  tensorName: string,
  fileName: string,
  most = Number.MAX_VALUE,
): void {
  const bad =
    dtype === "F16"
      ? data.findIndex((bits) => (bits & 0x7c00) === 0x7c00)
      : data.findIndex((value) => !(Math.abs(value) <= most));
  if (bad === -1) return;
  throw new ModelFileError(
    `${fileName}: tensor ${quote(tensorName)} is not finite${most < Number.MAX_VALUE ? `, or beyond ${most},` : ""} at index ${bad}. The training that wrote it diverged, or the file is damaged; use an earlier one.`,
  );
}

interface Range {
  readonly key: string;
  readonly begin: number;
  readonly end: number;
  readonly tensor: Tensor;
}

type Fault = (what: string) => ModelFileError;

function parseHeader(bytes: Uint8Array, fault: Fault): object {
  if (bytes[0] !== 0x7b) throw fault("the header does not start with {");
  let wrong = "UTF-8";
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const { deepest, groups } = scanJson(bytes);
    if (deepest > MOST_DEPTH) throw fault(`the header nests ${deepest} levels deep`);
    if (groups > MOST_TENSORS) throw fault(`the header has ${groups} tensors, more than ${MOST_TENSORS}`);
    wrong = "JSON";
    const header: object = JSON.parse(json);
    const duplicate = duplicateKey(json);
    if (duplicate === undefined) return header;
    wrong = duplicate;
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    throw fault(`the header is not valid ${wrong}`);
  }
  throw fault(`the header names ${quote(wrong)} twice`);
}

/** The first key that occurs twice in one object of a valid JSON text; `JSON.parse` would keep the last. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, , colon] of json.matchAll(/[{}]|("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      const keys = open.at(-1)!;
      if (keys.size === keys.add(key).size) return key;
    }
  }
  return undefined;
}

/** Checks an entry of the header. The tensor's data is a view into `buffer` if it is aligned there, else a copy. */
function readEntry(
  key: string,
  entry: unknown,
  buffer: Uint8Array,
  { file, fault }: { file: string; fault: Fault },
): Range {
  const tensor = `tensor ${quote(key)}`;
  if (!isObject(entry)) throw fault(`${tensor} is not an object`);
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  for (const key in others) throw fault(`${tensor} has the unknown key ${quote(key)}`);
  const isOther = typeof dtype === "string" && /^(BF|F|I|U)\d/.test(dtype);
  if (!isDtype(dtype)) {
    if (!isOther) throw fault(`${tensor} has the dtype ${quote(dtype)}`);
    throw new ModelFileError(
      `${file}: ${tensor} has the dtype ${quote(dtype)}, which is none of ${order.join(", ")}. Convert it to F32, in PyTorch by tensor.float().`,
    );
  }
  if (!isListOfSizes(shape)) throw fault(`${tensor} has a shape that is not a list of sizes`);
  if (!isListOfSizes(offsets) || offsets.length !== 2)
    throw fault(`${tensor} has data_offsets that are not [begin, end]`);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > buffer.length)
    throw fault(`${tensor} lies at bytes ${begin} to ${end}, but the data has ${buffer.length}`);
  const Values = arrays[dtype];
  const size = Values.BYTES_PER_ELEMENT;
  const needed = shape.reduce((product, length) => product * length, size);
  if (needed !== end - begin)
    throw fault(`${tensor}, ${dtype} [${shape}], needs ${needed} bytes and has ${end - begin}`);
  const view = buffer.subarray(begin, end);
  const bytes = view.byteOffset % size === 0 ? view : new Uint8Array(view);
  const data = new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size);
  return { key, begin, end, tensor: { dtype, shape, data } as Tensor };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isDtype = (value: unknown): value is Dtype => typeof value === "string" && Object.hasOwn(arrays, value);
const isListOfSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** A name from the file, made fit for a message. */
const quote = (value: unknown): string => shown(typeof value === "string" ? value.slice(0, 80) : value);
