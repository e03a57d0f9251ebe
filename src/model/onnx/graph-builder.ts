/** Builds the graph of an ONNX file node by node. Values are known by their names. */
import {
  type Attribute,
  attributeTypes,
  elementTypes,
  type Graph,
  type Node,
  type Tensor,
} from "./messages.ts";

type AttributeValue = number | string | readonly number[];

/** The dimensions of a graph's input or output: numbers, or names where they differ from call to call. */
export type Dimensions = readonly (number | string)[];

export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();

  /**
   * Adds a node.
   * @param inputs the names of the values that it takes
   * @param name the name of what it puts out; by default one that says which node it is
   * @returns that name
   */
  add(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    name = `${opType}_${this.#nodes.length}`,
  ): string {
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    this.#nodes.push({ opType, input: inputs, output: [name], name, attribute });
    return name;
  }

  /** Adds a tensor of float32 values under a name. @returns the name */
  weight(name: string, dims: readonly number[], values: Float32Array): string {
    const { buffer, byteOffset, byteLength } = values;
    const rawData = new Uint8Array(buffer, byteOffset, byteLength);
    this.#initializers.set(name, { name, dims, dataType: elementTypes.float32, rawData });
    return name;
  }

  /** A single float32 value. @returns its name */
  number(value: number): string {
    return this.weight(`float ${value}`, [], Float32Array.of(value));
  }

  /** A single whole number. @returns its name */
  integer(value: number): string {
    const name = `integer ${value}`;
    const rawData = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    this.#initializers.set(name, { name, dims: [], dataType: elementTypes.int64, rawData });
    return name;
  }

  /** A list of whole numbers, of which equal ones are stored once. @returns its name */
  integers(...values: readonly number[]): string {
    const name = `integers ${values.join(" ")}`;
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.#initializers.set(name, { name, dims: [values.length], dataType: elementTypes.int64, rawData });
    return name;
  }

  /** The graph, whose inputs and outputs have elements of these types and these dimensions. */
  finish(
    name: string,
    inputs: Readonly<Record<string, [keyof typeof elementTypes, Dimensions, string]>>,
    outputs: typeof inputs,
  ): Graph {
    const infos = (values: typeof inputs) =>
      Object.entries(values).map(([name, [type, dimensions, docString]]) => ({
        name,
        type: { tensorType: { elemType: elementTypes[type], shape: { dim: dimensions.map(dimension) } } },
        docString,
      }));
    return {
      name,
      node: this.#nodes,
      initializer: [...this.#initializers.values()],
      input: infos(inputs),
      output: infos(outputs),
    };
  }
}

const dimension = (size: number | string) =>
  typeof size === "number" ? { dimValue: size } : { dimParam: size };

function attributeOf(name: string, value: AttributeValue): Attribute {
  if (typeof value === "number") return { name, i: value, type: attributeTypes.i };
  if (typeof value === "string") return { name, s: value, type: attributeTypes.s };
  return { name, ints: value, type: attributeTypes.ints };
}
