/**
 * The messages of the ONNX format that are written here, in the encoding of Protocol Buffers. Names and numbers of the fields
 * are those of onnx.proto (https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto), in camel case.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A message's fields: the number of each, and what it holds. */
interface Schema {
  readonly [field: string]: readonly [number: number, kind: Scalar | Schema];
}
type Scalar = "int64" | "string" | "bytes";

const dimension = { dimValue: [1, "int64"], dimParam: [2, "string"] } as const;
const shape = { dim: [1, dimension] } as const;
const tensorType = { elemType: [1, "int64"], shape: [2, shape] } as const;
const type = { tensorType: [1, tensorType] } as const;
const valueInfo = { name: [1, "string"], type: [2, type], docString: [3, "string"] } as const;
const tensor = {
  dims: [1, "int64"],
  dataType: [2, "int64"],
  name: [8, "string"],
  rawData: [9, "bytes"],
} as const;
const attribute = {
  name: [1, "string"],
  i: [3, "int64"],
  s: [4, "string"],
  ints: [8, "int64"],
  type: [20, "int64"],
} as const;
const node = {
  input: [1, "string"],
  output: [2, "string"],
  name: [3, "string"],
  opType: [4, "string"],
  attribute: [5, attribute],
} as const;
const graph = {
  node: [1, node],
  name: [2, "string"],
  initializer: [5, tensor],
  input: [11, valueInfo],
  output: [12, valueInfo],
} as const;
const entry = { key: [1, "string"], value: [2, "string"] } as const;
const operatorSet = { domain: [1, "string"], version: [2, "int64"] } as const;
const model = {
  irVersion: [1, "int64"],
  producerName: [2, "string"],
  producerVersion: [3, "string"],
  docString: [6, "string"],
  graph: [7, graph],
  opsetImport: [8, operatorSet],
  metadataProps: [14, entry],
} as const;

interface Scalars {
  readonly int64: number;
  readonly string: string;
  readonly bytes: Uint8Array;
}
/** A message as a plain object. Fields that are repeated have arrays; those that are left out are not written. */
type Message<Fields extends Schema> = {
  readonly [Field in keyof Fields]?: Repeatable<
    Fields[Field][1] extends Scalar
      ? Scalars[Fields[Field][1]]
      : Fields[Field][1] extends Schema
        ? Message<Fields[Field][1]>
        : never
  >;
};
type Repeatable<Value> = Value | readonly Value[];

export type Attribute = Message<typeof attribute>;
export type Node = Message<typeof node>;
export type Tensor = Message<typeof tensor>;
export type Graph = Message<typeof graph>;

/** The numbers that the format has for types of elements. */
export const elementTypes = { float32: 1, uint8: 2, int64: 7 } as const;
/** and for types of attributes. */
export const attributeTypes = { i: 2, s: 3, ints: 7 } as const;

/** The bytes of an ONNX file. */
export function encodeMessage(message: Message<typeof model>): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  write(writer, model, message);
  return writer.finish();
}

function write(writer: BinaryWriter, schema: Schema, message: Message<Schema>): void {
  for (const [field, [number, kind]] of Object.entries(schema)) {
    for (const value of [message[field] ?? []].flat()) {
      if (kind === "int64") writer.tag(number, WireType.Varint).int64(value as number);
      else {
        writer.tag(number, WireType.LengthDelimited);
        if (kind === "string") writer.string(value as string);
        else if (kind === "bytes") writer.bytes(value as unknown as Uint8Array<ArrayBuffer>);
        else {
          writer.fork();
          write(writer, kind, value as Message<Schema>);
          writer.join();
        }
      }
    }
  }
}
