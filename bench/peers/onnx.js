// onnxruntime-web, wasm with SIMD on one thread. Inference only, with models that are written here.
import * as ort from "onnxruntime-web/wasm";
import protobuf from "protobufjs";

/** What is used of onnx.proto3 of ONNX 1.17. */
const { root } = protobuf.parse(`syntax = "proto3";
  message Model { int64 irVersion = 1; Graph graph = 7; repeated Opset opsetImport = 8; }
  message Opset { int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12;
  }
  message Node { repeated string input = 1; repeated string output = 2; string opType = 4; repeated Attribute attribute = 5; }
  message Attribute { string name = 1; int64 i = 3; bytes s = 4; repeated int64 ints = 8; int32 type = 20; }
  message Tensor { repeated int64 dims = 1; int32 dataType = 2; string name = 8; bytes rawData = 9; }
  message Value { string name = 1; Type type = 2; }
  message Type { TensorType tensorType = 1; }
  message TensorType { int32 elemType = 1; Shape shape = 2; }
  message Shape { repeated Dim dim = 1; }
  message Dim { int64 dimValue = 1; string dimParam = 2; }`);
const [FLOAT, INT, STRING, INTS] = [1, 2, 3, 7];

function node(opType, input, output, attributes = {}) {
  const attribute = Object.entries(attributes).map(([name, value]) => {
    if (Array.isArray(value)) return { name, ints: value, type: INTS };
    if (typeof value === "string") return { name, s: new TextEncoder().encode(value), type: STRING };
    return { name, i: value, type: INT };
  });
  return { opType, input, output: [output], attribute };
}

/** The network of a workload as an ONNX file, from "x", and planes of the noise level "level", to "y". */
function modelOf({ layers, parameters, batch, pixels, height, width, recipe }) {
  const dense = layers[0].type === "dense";
  const picture = (name, channels) => {
    const dim = (dense ? [batch, pixels] : [batch, channels, height, width]).map((dimValue) => ({
      dimValue,
    }));
    return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
  };
  const { channels } = recipe.spec.input;
  const nodes = dense ? [] : [node("Concat", ["x", "level"], "input", { axis: 1 })];
  const initializer = [];
  const tensor = (name, dims, values) => {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    initializer.push({ name, dims, dataType: FLOAT, rawData });
    return name;
  };
  let from = dense ? "x" : "input";
  for (const [index, layer] of layers.entries()) {
    const { type, name, inputs, outputs, dilation: d } = layer;
    const isLast = index === layers.length - 1;
    if (type === "add") nodes.push(node("Add", [from, layer.from], name));
    else if (type === "pixel-unshuffle") nodes.push(node("SpaceToDepth", [from], name, { blocksize: 2 }));
    else if (type === "pixel-shuffle")
      nodes.push(node("DepthToSpace", [from], name, { blocksize: 2, mode: "CRD" }));
    else {
      const side = type === "conv3x3" ? 3 : 1;
      const dims = dense ? [outputs, inputs] : [outputs, inputs, side, side];
      let weight = parameters.get(`${name}.weight`);
      if (layers[index - 1]?.type === "pixel-unshuffle") weight = reordered(weight, inputs, side * side);
      const bias = parameters.get(`${name}.bias`);
      const operands = [from, tensor(`${name}.weight`, dims, weight)];
      if (bias) operands.push(tensor(`${name}.bias`, [outputs], bias));
      const pad = side === 3 ? d : 0;
      const window = { kernel_shape: [side, side], dilations: [d ?? 1, d ?? 1], pads: [pad, pad, pad, pad] };
      const activation = dense ? !isLast && "Sigmoid" : layer.activation === "relu" && "Relu";
      const sum = activation ? `${name}.sum` : name;
      nodes.push(node(dense ? "Gemm" : "Conv", operands, sum, dense ? { transB: 1 } : window));
      if (activation) nodes.push(node(activation, [sum], name));
    }
    from = name;
  }
  nodes.push(dense ? node("Identity", [from], "y") : node("Sub", ["x", from], "y"));
  const input = dense ? [picture("x")] : [picture("x", channels), picture("level", 1)];
  const graph = { name: "network", node: nodes, initializer, input, output: [picture("y", channels)] };
  const Model = root.lookupType("Model");
  return Model.encode(Model.create({ irVersion: 8, graph, opsetImport: [{ version: 17 }] })).finish();
}

/** A weight behind SpaceToDepth, which puts channel c of place p at p·C + c, where PyTorch's pixel_unshuffle has 4c + p. */
function reordered(weight, inputs, taps) {
  const count = inputs / 4;
  return weight.map((_, at) => {
    const tap = at % taps;
    const input = Math.floor(at / taps) % inputs;
    const output = Math.floor(at / taps / inputs);
    const own = 4 * (input % count) + Math.floor(input / count);
    return weight[(output * inputs + own) * taps + tap];
  });
}

/** Pictures and the planes of the noise level are made beforehand. */
export async function inference(workload) {
  const { layers, noisy, level, scale, batch, pixels, height, width, recipe } = workload;
  const isDense = layers[0].type === "dense";
  const { channels } = recipe.spec.input;
  const area = height * width;
  const shape = isDense ? [batch, pixels] : [batch, channels, height, width];
  /** Of a value of the planes, where it lies among channels that are side by side. */
  const place = (at) => {
    const plane = Math.floor(at / area);
    return (Math.floor(plane / channels) * area + (at % area)) * channels + (plane % channels);
  };
  const tensors = {
    x: new ort.Tensor(
      "float32",
      noisy.map((_, at) => scale * noisy[place(at)]),
      shape,
    ),
  };
  if (!isDense) {
    const levels = Float32Array.from(
      { length: batch * area },
      (_, at) => scale * level[Math.floor(at / area)],
    );
    tensors.level = new ort.Tensor("float32", levels, [batch, 1, height, width]);
  }
  ort.env.wasm.numThreads = 1;
  const { Worker } = globalThis;
  const session = await ort.InferenceSession.create(modelOf(workload), { executionProviders: ["wasm"] });
  // It defines Worker in Node, from which jax-js would conclude that its own memory is shared.
  if (!Worker) delete globalThis.Worker;
  const work = async () => (await session.run(tensors)).y.data;
  const values = async () => {
    const planes = await work();
    const result = new Float32Array(planes.length);
    for (const [at, value] of planes.entries()) result[place(at)] = value / scale;
    return result;
  };
  const version = ort.env.versions.web;
  return { name: "onnxruntime-web wasm", version, values, work, dispose: () => session.release() };
}
