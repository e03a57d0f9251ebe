/**
 * Networks of 3×3 convolutions in the arena: images in rows of channels, with a border of zeros that neighbours
 * share (assembly/pixels.ts, assembly/conv3x3.ts).
 */
import { Activation, ImageLoss, Op } from "../assembly/opcodes.ts";
import {
  Arena,
  float32Bits,
  float64Bits,
  type Operation,
  type Plan,
  type PlanOptions,
  RECORD_WORDS,
  roundUp,
  type Table,
  type TensorPlace,
} from "./arena.ts";
import { convWeightLength } from "./layout.ts";
import { noiseOperations, placeCommon, placeTensor, updates } from "./plan-common.ts";
import { type LayerShape, layerShapes, type Spec, scaleOf } from "./spec.ts";

/** Bytes past an image's last row that kernels may read. */
const SLACK = 128;
/** Pixels of 4 columns that the weight gradient sums at a time, so that they stay in the first-level cache. */
const BAND_VECTORS = 256;
/** Partial weight gradients, whose number must not depend on the number of threads. */
const CHUNKS = 16;

/** What all images of a network have in common. */
interface Geometry {
  readonly height: number;
  readonly width: number;
  /** Bytes from one channel of a row to the next. */
  readonly pitch: number;
  /** Rows from one image to the next. */
  readonly rows: number;
  readonly pad: number;
}

type LayerPlace = LayerShape & {
  readonly dilation: number;
  readonly weight: TensorPlace;
  readonly bias: TensorPlace;
  readonly y: number;
  readonly dy: number;
  readonly transposed: number;
};

/** The plan of a network of convolutions. */
export function planConvolutions(spec: Spec, { batch, size = spec.input, training }: PlanOptions): Plan {
  const arena = new Arena();
  const shapes = layerShapes(spec);
  const geometry = geometryOf(size, Math.max(...shapes.map(dilationOf)));
  const shape = [geometry.height, geometry.width, geometry.pitch, geometry.rows];
  const { channels } = spec.input;
  const pixels = geometry.height * geometry.width * channels;
  const scale = scaleOf(spec);
  const image = (count: number) => placeImages(arena, geometry, batch, count);

  const common = placeCommon(arena, batch, pixels, training);
  const { settings, loss, input, output, sigma } = common;
  const zeros = arena.floats(roundUp(Math.max(...shapes.map(({ inputs }) => inputs)), 4));
  const tables: Table[] = [];
  const taps = tapsIn(arena, geometry, tables);
  const tensors: TensorPlace[] = [];
  const tensor = (name: string, dimensions: number[], length: number): TensorPlace => {
    const options = training && { ...training, gradients: true };
    const place = placeTensor(arena, options, { name, shape: dimensions, length });
    tensors.push(place);
    return place;
  };

  const x = image(shapes[0]!.inputs);
  const layers: LayerPlace[] = shapes.map((layer, index) => {
    const { name, inputs, outputs } = layer;
    return {
      ...layer,
      dilation: dilationOf(layer),
      weight: tensor(`${name}.weight`, [outputs, inputs, 3, 3], convWeightLength(outputs, inputs)),
      bias: tensor(`${name}.bias`, [outputs], roundUp(outputs, 16)),
      y: image(outputs),
      dy: training ? image(outputs) : 0,
      transposed: training && index > 0 ? arena.floats(convWeightLength(inputs, outputs)) : 0,
    };
  });
  const last = layers.at(-1)!;
  const out = spec.residual ? image(channels) : last.y;

  const forwardPass = (rows: number): Operation[] => {
    const items = rows * geometry.height;
    return [
      [
        Op.imageFromFloats,
        x,
        input,
        shapes[0]!.inputs,
        ...shape,
        channels,
        channels,
        float32Bits(scale),
        items,
      ],
      ...(spec.noiseLevel
        ? [[Op.fillChannel, x, sigma, channels, shapes[0]!.inputs, ...shape, float32Bits(scale), items]]
        : []),
      ...layers.map(({ y, weight, bias, inputs, outputs, dilation, activation }, index) => [
        Op.conv3x3,
        y,
        layers[index - 1]?.y ?? x,
        weight.value,
        bias.value,
        taps(inputs, dilation),
        0,
        inputs,
        outputs,
        ...shape,
        Activation[activation],
        items,
      ]),
      ...(spec.residual ? [[Op.residual, out, x, last.y, shapes[0]!.inputs, channels, ...shape, items]] : []),
    ];
  };
  const forward = arena.program(batch, [
    ...forwardPass(batch),
    [
      Op.imageToFloats,
      output,
      out,
      channels,
      ...shape,
      channels,
      channels,
      float32Bits(1 / scale),
      batch * geometry.height,
    ],
  ]);
  const inference = { ...common, batch, pixels, tensors, tables, forward };
  if (!training) return { ...inference, steps: [], end: arena.end };

  const target = arena.place(batch * pixels);
  const t = image(channels);
  const weights = arena.floats(batch);
  const partials = arena.place(8 * batch * geometry.height);
  const single = arena.place(2 * 4 * RECORD_WORDS);
  const absolute = training.loss === "l1";

  /** The gradients of a layer's weight and bias, as partial sums over fixed chunks of the batch, then their sum. */
  const chunked = layers.map((layer) => chunksOf(layer, geometry, batch));
  const chunks = arena.place(Math.max(...chunked.map(({ bytes, count }) => bytes * count)));
  /** The first layer needs no gradient of its input, and so has transposed weights only where they serve as scratch. */
  const firstTransposed = chunked[0]!.swapped
    ? arena.floats(convWeightLength(layers[0]!.inputs, layers[0]!.outputs))
    : 0;
  const weightGradient = (layer: LayerPlace, layerInput: number, rows: number): Operation[] => {
    const { inputs, outputs, dilation, dy, weight, bias } = layer;
    const plan = chunksOf(layer, geometry, rows);
    const { swapped, band, count, bytes, weightBytes, biasBytes } = plan;
    const [a, b, as, bs] = swapped ? [layerInput, dy, inputs, outputs] : [dy, layerInput, outputs, inputs];
    const summed = swapped ? layer.transposed || firstTransposed : weight.gradient!;
    return [
      [
        Op.conv3x3WeightGradient,
        chunks,
        a,
        b,
        taps(bs, dilation),
        as,
        bs,
        ...shape,
        rows,
        band,
        count,
        swapped ? 1 : 0,
      ],
      [Op.sumChunks, summed, chunks, bytes, count, weightBytes / 64],
      [Op.sumChunks, bias.gradient!, chunks + weightBytes, bytes, count, biasBytes / 64],
      ...(swapped
        ? [[Op.conv3x3TransposeWeights, weight.gradient!, summed, outputs, inputs, Math.ceil(outputs / 4)]]
        : []),
    ];
  };
  const backwardPass = (rows: number): Operation[] =>
    layers.toReversed().flatMap((layer) => {
      const below = layers[layers.indexOf(layer) - 1];
      const { inputs, outputs, dilation, dy, transposed, weight, bias } = layer;
      return [
        ...(below
          ? [
              [Op.conv3x3TransposeWeights, transposed, weight.value, inputs, outputs, Math.ceil(inputs / 4)],
              [
                Op.conv3x3,
                below.dy,
                dy,
                transposed,
                zeros,
                taps(outputs, dilation),
                below.activation === "relu" ? below.y : 0,
                outputs,
                inputs,
                ...shape,
                Activation.linear,
                rows * geometry.height,
              ],
            ]
          : []),
        ...weightGradient(layer, below?.y ?? x, rows),
        ...updates(weight, settings),
        ...updates(bias, settings),
      ];
    });
  const step = (rows: number) => {
    const items = rows * geometry.height;
    const values = rows * pixels;
    const slope = ((absolute ? 1 : 2) / values) * (spec.residual ? -1 : 1);
    return arena.program(rows, [
      ...noiseOperations(common, target, rows, pixels),
      [Op.imageFromBytes, t, target, channels, ...shape, channels, channels, float32Bits(scale), items],
      ...forwardPass(rows),
      [
        Op.imageLoss,
        last.dy,
        out,
        t,
        weights,
        partials,
        channels,
        ...shape,
        absolute ? ImageLoss.absolute : ImageLoss.squared,
        float32Bits(slope),
        items,
      ],
      // Reported in grey levels, whatever white is inside the network.
      [Op.sumLoss, loss, partials, items, ...float64Bits(values * (absolute ? scale : scale * scale))],
      ...backwardPass(rows),
    ]);
  };
  const steps = [step(batch)];
  if (training.lastBatch) steps.push(step(training.lastBatch));
  return { ...inference, target, weights, single, steps, end: arena.end };
}

function dilationOf(layer: LayerShape): number {
  return layer.type === "conv3x3" ? layer.dilation : 1;
}

function geometryOf({ height, width }: { height: number; width: number }, pad: number): Geometry {
  return {
    height,
    width,
    pitch: 4 * roundUp(roundUp(pad, 4) + roundUp(width, 4), 16),
    rows: height + pad,
    pad,
  };
}

/** Places `images` images of `channels` channels; @returns the address of the first one's first pixel. */
function placeImages(arena: Arena, { pitch, rows, pad }: Geometry, images: number, channels: number): number {
  const row = channels * pitch;
  return arena.place((pad + images * rows) * row + SLACK) + pad * row + 4 * roundUp(pad, 4);
}

/** Gives the table of taps (assembly/conv3x3.ts) for a number of channels and a dilation, placed at its first use. */
function tapsIn(
  arena: Arena,
  { pitch }: Geometry,
  tables: Table[],
): (channels: number, dilation: number) => number {
  const known = new Map<string, number>();
  return (channels, dilation) => {
    const key = `${channels}, ${dilation}`;
    const address = known.get(key) ?? arena.place(36 * channels);
    if (!known.has(key)) {
      known.set(key, address);
      const words = new Uint32Array(9 * channels);
      for (let k = 0; k < words.length; k++) {
        const ky = (Math.floor(k / 3) % 3) - 1;
        const kx = (k % 3) - 1;
        words[k] = (ky * dilation * channels + Math.floor(k / 9)) * pitch + kx * 4 * dilation;
      }
      tables.push({ address, words });
    }
    return address;
  };
}

/** How the weight gradient of a layer is cut up: see conv3x3WeightGradient in assembly/conv3x3-gradient.ts. */
function chunksOf({ inputs, outputs }: LayerShape, { height, width }: Geometry, images: number) {
  const swapped = outputs <= 3;
  const [as, bs] = swapped ? [inputs, outputs] : [outputs, inputs];
  const vectors = Math.ceil(width / 4);
  const band = Math.min(height, Math.max(1, Math.floor(BAND_VECTORS / vectors)));
  const weightBytes = 4 * convWeightLength(as, bs);
  const biasBytes = roundUp(4 * outputs, 64);
  const bytes = weightBytes + biasBytes + roundUp(68 * vectors * band, 64);
  return {
    swapped,
    band,
    count: Math.min(CHUNKS, images * Math.ceil(height / band)),
    bytes,
    weightBytes,
    biasBytes,
  };
}
