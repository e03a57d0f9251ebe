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
  message Attribute { string name = 1; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message Tensor { repeated int64 dims = 1; int32 dataType = 2; string name = 8; bytes rawData = 9; }
  message Value { string name = 1; Type type = 2; }
  message Type { TensorType tensorType = 1; }
  message TensorType { int32 elemType = 1; Shape shape = 2; }
  message Shape { repeated Dim dim = 1; }
  message Dim { int64 dimValue = 1; string dimParam = 2; }`);
const [FLOAT, INT, INTS] = [1, 2, 7];

function node(opType, input, output, attributes = {}) {
  const attribute = Object.entries(attributes).map(([name, value]) =>
    Array.isArray(value) ? { name, ints: value, type: INTS } : { name, i: value, type: INT },
  );
  return { opType, input, output: [output], attribute };
}

/** The network of a workload as an ONNX file, from "x", and planes of the noise level "level", to "y". */
function modelOf({ layers, parameters, batch, pixels, height, width }) {
  const dense = layers[0].type === "dense";
  const dim = (dense ? [batch, pixels] : [batch, 1, height, width]).map((dimValue) => ({ dimValue }));
  const picture = (name) => ({ name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } });
  const nodes = dense ? [] : [node("Concat", ["x", "level"], "h0", { axis: 1 })];
  const initializer = [];
  for (const [index, { name, inputs, outputs, dilation: d }] of layers.entries()) {
    const names = [`${name}.weight`, `${name}.bias`];
    const dims = [dense ? [outputs, inputs] : [outputs, inputs, 3, 3], [outputs]];
    for (const [i, name] of names.entries()) {
      const { buffer, byteOffset, byteLength } = parameters.get(name);
      const rawData = new Uint8Array(buffer, byteOffset, byteLength);
      initializer.push({ name, dims: dims[i], dataType: FLOAT, rawData });
    }
    const last = index === layers.length - 1;
    const from = dense && index === 0 ? "x" : `h${index}`;
    const sum = last ? (dense ? "y" : "noise") : `sum${index}`;
    const window = { kernel_shape: [3, 3], dilations: [d, d], pads: [d, d, d, d] };
    nodes.push(node(dense ? "Gemm" : "Conv", [from, ...names], sum, dense ? { transB: 1 } : window));
    if (!last) nodes.push(node(dense ? "Sigmoid" : "Relu", [sum], `h${index + 1}`));
  }
  if (!dense) nodes.push(node("Sub", ["x", "noise"], "y"));
  const input = (dense ? ["x"] : ["x", "level"]).map(picture);
  const graph = { name: "network", node: nodes, initializer, input, output: [picture("y")] };
  const Model = root.lookupType("Model");
  return Model.encode(Model.create({ irVersion: 8, graph, opsetImport: [{ version: 17 }] })).finish();
}

/** The planes of the noise level are made beforehand. */
export async function inference(workload) {
  const { layers, noisy, level, scale, batch, pixels, height, width } = workload;
  const shape = layers[0].type === "dense" ? [batch, pixels] : [batch, 1, height, width];
  const inputs = { x: noisy.map((value) => scale * value) };
  if (shape.length === 4) inputs.level = noisy.map((_, at) => scale * level[Math.floor(at / pixels)]);
  ort.env.wasm.numThreads = 1;
  const { Worker } = globalThis;
  const session = await ort.InferenceSession.create(modelOf(workload), { executionProviders: ["wasm"] });
  // It defines Worker in Node, from which jax-js would conclude that its own memory is shared.
  if (!Worker) delete globalThis.Worker;
  const work = async () => {
    const feeds = {};
    for (const name in inputs) feeds[name] = new ort.Tensor("float32", inputs[name], shape);
    return (await session.run(feeds)).y.data;
  };
  const values = async () => (await work()).map((value) => value / scale);
  const version = ort.env.versions.web;
  return { name: "onnxruntime-web wasm", version, values, work, dispose: () => session.release() };
}
