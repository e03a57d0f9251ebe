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
const INTS = 7;

/** TensorProto: dims, data_type, name, raw_data. */
const tensor = (name, shape, { buffer, byteOffset, byteLength }) => [
  ...shape.map((size) => integer(1, size)),
  integer(2, FLOAT),
  chunk(8, name),
  chunk(9, new Uint8Array(buffer, byteOffset, byteLength)),
];

/** ValueInfoProto of a float tensor; a size that is a text is free. */
function value(name, sizes) {
  const shape = sizes.map((size) => chunk(1, [typeof size === "string" ? chunk(2, size) : integer(1, size)]));
  return [chunk(1, name), chunk(2, [chunk(1, [integer(1, FLOAT), chunk(2, shape)])])];
}

/** NodeProto: inputs, outputs, op_type, attributes that are integers or lists of them. */
const node = (type, inputs, output, attributes = {}) => [
  ...inputs.map((name) => chunk(1, name)),
  chunk(2, output),
  chunk(4, type),
  ...Object.entries(attributes).map(([name, content]) =>
    chunk(5, [
      chunk(1, name),
      ...(Array.isArray(content)
        ? [...content.map((number) => integer(8, number)), integer(20, INTS)]
        : [integer(3, content), integer(20, INT)]),
    ]),
  ),
];

/** ModelProto: ir_version 8, a graph of nodes, tensors, inputs and output, opset_import of version 17. */
function model(name, nodes, tensors, inputs, output) {
  const graph = [
    ...nodes.map((content) => chunk(1, content)),
    chunk(2, name),
    ...tensors.map((content) => chunk(5, content)),
    ...inputs.map((content) => chunk(11, content)),
    chunk(12, output),
  ];
  return new Uint8Array(Buffer.concat([integer(1, 8), chunk(7, graph), chunk(8, [integer(2, 17)])]));
}

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
  return model(
    "autoencoder",
    nodes,
    tensors,
    [value("x", ["n", sizes[0]])],
    value("y", ["n", sizes[layers]]),
  );
}

/** The residual network of a workload of convolutions, from pictures "x" and planes of the noise level "level" to "y". */
export function convModel({ layers, parameters }) {
  const nodes = [node("Concat", ["x", "level"], "h0", { axis: 1 })];
  const tensors = [];
  for (const [index, [inputs, outputs, dilation]] of layers.entries()) {
    const names = [`layer${index + 1}.weight`, `layer${index + 1}.bias`];
    const [weight, bias] = names.map((name) => parameters.get(name));
    tensors.push(tensor(names[0], [outputs, inputs, 3, 3], weight));
    tensors.push(tensor(names[1], [outputs], bias));
    const last = index === layers.length - 1;
    const sum = last ? "noise" : `sum${index + 1}`;
    nodes.push(
      node("Conv", [`h${index}`, ...names], sum, {
        kernel_shape: [3, 3],
        dilations: [dilation, dilation],
        pads: [dilation, dilation, dilation, dilation],
      }),
    );
    if (!last) nodes.push(node("Relu", [sum], `h${index + 1}`));
  }
  nodes.push(node("Sub", ["x", "noise"], "y"));
  const pictures = ["n", 1, "height", "width"];
  return model(
    "residual",
    nodes,
    tensors,
    [value("x", pictures), value("level", pictures)],
    value("y", pictures),
  );
}
