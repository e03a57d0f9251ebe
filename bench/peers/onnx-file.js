// A minimal writer of ONNX files: protocol buffers by hand, field numbers from onnx.proto3 of ONNX 1.17.

/** @param {number} number below 2³¹ */
function varint(number) {
  const bytes = [];
  let rest = number;
  for (; rest > 127; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A field that holds an integer. */
const integer = (field, number) => Buffer.concat([varint(field << 3), varint(number)]);

/** A field that holds a string, bytes, or a message given as its fields. */
function chunk(field, content) {
  const bytes = Array.isArray(content) ? Buffer.concat(content) : Buffer.from(content);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

const FLOAT = 1;
const INT = 2;

/** TensorProto: dims, data_type, name, raw_data. */
const tensor = (name, shape, { buffer, byteOffset, byteLength }) => [
  ...shape.map((size) => integer(1, size)),
  integer(2, FLOAT),
  chunk(8, name),
  chunk(9, new Uint8Array(buffer, byteOffset, byteLength)),
];

/** ValueInfoProto of a float tensor [n, size], n free. */
function matrix(name, size) {
  const shape = [chunk(1, [chunk(2, "n")]), chunk(1, [integer(1, size)])];
  return [chunk(1, name), chunk(2, [chunk(1, [integer(1, FLOAT), chunk(2, shape)])])];
}

/** NodeProto: inputs, outputs, op_type, attributes that are integers. */
const node = (type, inputs, output, attributes = {}) => [
  ...inputs.map((name) => chunk(1, name)),
  chunk(2, output),
  chunk(4, type),
  ...Object.entries(attributes).map(([name, number]) =>
    chunk(5, [chunk(1, name), integer(3, number), integer(20, INT)]),
  ),
];

/** The network of a workload from "x" to "y". */
export function denseModel({ sizes, parameters }) {
  const layers = sizes.length - 1;
  const nodes = [];
  const tensors = [];
  for (let layer = 1; layer <= layers; layer++) {
    const names = [`layer${layer}.weight`, `layer${layer}.bias`];
    const [weight, bias] = names.map((name) => parameters.get(name));
    tensors.push(tensor(names[0], [sizes[layer], sizes[layer - 1]], weight));
    tensors.push(tensor(names[1], [sizes[layer]], bias));
    const sum = layer === layers ? "y" : `sum${layer}`;
    nodes.push(node("Gemm", [layer === 1 ? "x" : `h${layer - 1}`, ...names], sum, { transB: 1 }));
    if (layer < layers) nodes.push(node("Sigmoid", [sum], `h${layer}`));
  }
  const graph = [
    ...nodes.map((content) => chunk(1, content)),
    chunk(2, "autoencoder"),
    ...tensors.map((content) => chunk(5, content)),
    chunk(11, matrix("x", sizes[0])),
    chunk(12, matrix("y", sizes[layers])),
  ];
  // ModelProto: ir_version 8, graph, opset_import of version 17.
  return new Uint8Array(Buffer.concat([integer(1, 8), chunk(7, graph), chunk(8, [integer(2, 17)])]));
}
