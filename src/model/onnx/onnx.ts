/**
 * Models as ONNX files, for onnxruntime and other tools. What goes into the network and what comes out of it is as in this
 * package: pictures in grey levels of 0 to 255, of any size where the network is made of convolutions.
 */
import { isConvolutional } from "../../network/spec.ts";
import { version } from "../../version.ts";
import type { Model } from "../model.ts";
import { metadataOf } from "../model-file.ts";
import { addConvolutions } from "./convolutions.ts";
import { addDense } from "./dense.ts";
import { type Dimensions, GraphBuilder } from "./graph-builder.ts";
import { encodeMessage } from "./messages.ts";

/** Version 8 of the format and version 17 of the operators: onnxruntime since 1.12, of July 2022, reads them. */
const FORMAT = 8;
const OPERATORS = 17;

export interface OnnxOptions {
  /**
   * Whether pictures go in and come out as uint8, rounded and clamped as a denoiser does it, and not as float32, neither
   * rounded nor clamped. Default false.
   */
  readonly bytes?: boolean;
  /** The licence of the weights, as a name of SPDX's list or a text. Without it, the file says nothing of one. */
  readonly license?: string | undefined;
}

/**
 * Encodes a model as the bytes of an ONNX file. Its input `noisy` and its output `clean` are
 * [pictures, channels, height, width], in grey levels; networks that are told the noise level take it as `sigma`,
 * [pictures], in grey levels. The metadata hold the same texts as those of a model file, the range of values, and the licence.
 */
export function encodeOnnx(
  model: Model,
  { bytes = false, license }: OnnxOptions = {},
): Uint8Array<ArrayBuffer> {
  const { spec, provenance } = model;
  const { height, width, channels } = spec.input;
  const graph = new GraphBuilder();
  const noisy = bytes ? graph.add("Cast", ["noisy"], { to: 1 }) : "noisy";
  const convolutional = isConvolutional(spec);
  const output = convolutional
    ? addConvolutions(graph, model, noisy, "sigma")
    : addDense(graph, model, noisy);
  if (bytes) {
    const rounded = graph.add("Round", [output]);
    graph.add("Cast", [graph.add("Clip", [rounded, graph.number(0), graph.number(255)])], { to: 2 }, "clean");
  } else graph.add("Identity", [output], {}, "clean");

  const dimensions: Dimensions = convolutional
    ? ["pictures", channels, "height", "width"]
    : ["pictures", channels, height, width];
  const what = `${channels === 1 ? "grey" : `${channels} channels`}, 0 black and 255 white`;
  const type = bytes ? "uint8" : "float32";
  const level = "the standard deviation of each picture's noise in grey levels";
  return encodeMessage({
    irVersion: FORMAT,
    producerName: "denoise-wasm",
    producerVersion: version,
    docString: `The model of the recipe ${provenance.recipe}: denoises pictures.`,
    graph: graph.finish(
      provenance.recipe,
      {
        noisy: [type, dimensions, `noisy pictures: ${what}`],
        ...(spec.noiseLevel && { sigma: ["float32", ["pictures"], level] }),
      },
      { clean: [type, dimensions, `denoised pictures: ${what}`] },
    ),
    opsetImport: [{ domain: "", version: OPERATORS }],
    metadataProps: Object.entries({
      ...metadataOf(model),
      // The description's range is that of the data set it was trained on.
      value_range: "[0,255]",
      ...(license !== undefined && { model_license: license }),
    }).map(([key, value]) => ({ key, value })),
  });
}
