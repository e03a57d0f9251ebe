/** A layer of convolutions and a batch in the memory of a test, and what its operations give. */
import { Activation } from "../../assembly/constants.ts";
import {
  biasSumsBytes,
  gradientChunkBytes,
  transformedBytes,
  weightBytes,
} from "../../assembly/conv/sizes.ts";
import { roundUp } from "../../src/network/arena.ts";
import { type Geometry, geometryOf, type ImageBuffer, shapeOf } from "../../src/network/image-buffers.ts";
import { fromArena, toArena } from "../../src/network/layout.ts";
import { eachImage, type Operation, operation } from "../../src/network/program.ts";
import { type Image, placeImage, planesOf, rowsOf, slots, takeImage } from "./images.ts";
import { type Kernels, THREADS } from "./kernels.ts";
import { valuesOf, type Window } from "./naive-conv.ts";
import { normal } from "./networks.ts";

/** A layer and a batch of random values, as planes. */
export interface ConvValues {
  readonly window: Window;
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly bias: Float32Array;
  readonly dy: Float32Array;
}

export function convValues(window: Window, stream: number): ConvValues {
  const { ins, outs, side = 3, height } = window;
  const from = 10_000 + 4 * stream;
  return {
    window,
    // What a ReLU has put out: the half of it is zero.
    x: normal(valuesOf(window, ins), from).map((value) => Math.max(value, 0)),
    w: normal(outs * ins * side * side, from + 1),
    bias: normal(outs, from + 2),
    // Over a large picture with a mean, so that sums are not mere cancellation.
    dy: normal(valuesOf(window, outs), from + 3).map((value) => (height > 100 ? value + 0.5 : value)),
  };
}

export class ConvLayer {
  readonly #geometry: Geometry;
  readonly #x: Image;
  readonly #dy: Image;
  readonly #w: number;
  readonly #u: number;

  constructor(
    readonly kernels: Kernels,
    readonly values: ConvValues,
  ) {
    const { images, ins, outs, dilation, padding } = values.window;
    kernels.clear();
    this.#geometry = geometryOf(values.window, dilation, padding);
    this.#x = placeImage(kernels, this.#geometry, images, ins, values.x);
    this.#dy = placeImage(kernels, this.#geometry, images, outs, values.dy);
    this.#w = kernels.floats(toPanels(values.w, values.window));
    this.#u = this.#transform(this.#w, ins, outs);
    if (padding === "reflect") {
      kernels.run(this.#padReflected(this.#x), rowsOf(this.#x, dilation), { images });
    }
  }

  forward(activation: Activation): Float32Array {
    const y = this.#image(this.values.window.outs);
    const bias = this.kernels.floats([...this.values.bias, 0, 0, 0]);
    this.#convolve(y, this.#x, { u: this.#u, bias, gate: 0, activation });
    return planesOf(this.kernels, y);
  }

  /** dx ∘ (x > 0) */
  inputGradient(): Float32Array {
    const { kernels } = this;
    const { images, ins, outs, dilation, padding } = this.values.window;
    const wt = this.#transpose(this.#w, ins, outs);
    const tensors = {
      u: this.#transform(wt, outs, ins),
      bias: kernels.floats(new Float32Array(roundUp(ins, 4))),
      activation: Activation.linear,
    };
    const gate = this.#x.origin;
    const dx = this.#image(ins);
    if (padding === "zeros") {
      this.#convolve(dx, this.#dy, { ...tensors, gate });
    } else {
      const padded = this.#image(ins);
      this.#convolve(padded, this.#dy, { ...tensors, gate: 0 }, dilation);
      const places = { dx: dx.origin, dpadded: padded.origin, gate };
      kernels.run(
        operation("foldReflected", { ...places, channels: ins, ...shapeOf(dx), pad: dilation }),
        rowsOf(dx),
        { images },
      );
    }
    return planesOf(kernels, dx);
  }

  /**
   * By the program of a training step: images in slots, all but the last in one chunk, the last in another. With
   * `transposed`, the gradient of the transposed weights, turned back.
   */
  weightGradient(transposed: boolean): { dw: Float32Array; dbias: Float32Array } {
    const { kernels } = this;
    const { images, ins, outs } = this.values.window;
    const [as, bs] = transposed ? [ins, outs] : [outs, ins];
    const count = Math.min(images, 2);
    const chunk = this.chunks(transposed, count);
    const stride = gradientChunkBytes(as, bs, transposed);
    const sum = (from: number, bytes: number) => {
      const to = kernels.place(bytes);
      kernels.run(operation("sumChunks", { to, from, stride, count, bytes }), [{ address: to, bytes }]);
      return to;
    };
    const sums = sum(chunk, transformedBytes(as, bs));
    const bytes = weightBytes(as, bs, 9);
    const gathered = kernels.place(bytes);
    kernels.run(operation("conv3x3GatherWeights", { dw: gathered, sums, ins: bs, outs: as }), [
      { address: gathered, bytes },
    ]);
    const dw = transposed ? this.#transpose(gathered, outs, ins) : gathered;
    const panels = kernels.float32(dw, weightBytes(outs, ins, 9) / 4);
    const dbias = sum(chunk + transformedBytes(as, bs), biasSumsBytes(outs));
    return { dw: fromPanels(panels, this.values.window), dbias: kernels.float32(dbias, outs).slice() };
  }

  /** The sums of so many chunks of images, each taken into a slot and added to its chunk. @returns their address */
  chunks(transposed: boolean, count: number): number {
    const { kernels } = this;
    const { images, ins, outs, dilation, padding } = this.values.window;
    const bytes = count * this.#chunkBytes(transposed);
    const chunk = kernels.place(bytes);
    const x = placeImage(kernels, this.#geometry, THREADS, ins);
    const dy = placeImage(kernels, this.#geometry, THREADS, outs);
    const body = [
      takeImage(kernels, x, this.values.x),
      ...(padding === "reflect" ? [this.#padReflected(x)] : []),
      takeImage(kernels, dy, this.values.dy),
      this.#weightGradient(x, dy, transposed, chunk),
    ];
    const border = padding === "reflect" ? dilation : 0;
    kernels.run(eachImage(images, count, body), [
      { address: chunk, bytes },
      ...slots(x, border),
      ...slots(dy),
    ]);
    return chunk;
  }

  /** The sums of one chunk that has all images, by one call of the kernel. @returns their address */
  chunkAtOnce(transposed: boolean): number {
    const bytes = this.#chunkBytes(transposed);
    const chunk = this.kernels.place(bytes);
    this.kernels.run(
      this.#weightGradient(this.#x, this.#dy, transposed, chunk),
      [{ address: chunk, bytes }],
      { images: this.values.window.images, undivided: true },
    );
    return chunk;
  }

  #chunkBytes(transposed: boolean): number {
    const { ins, outs } = this.values.window;
    return transposed ? gradientChunkBytes(ins, outs, true) : gradientChunkBytes(outs, ins, false);
  }

  #weightGradient(x: ImageBuffer, dy: ImageBuffer, transposed: boolean, chunk: number): Operation {
    const [a, b] = transposed ? [x, dy] : [dy, x];
    return operation("conv3x3WeightGradient", {
      chunk,
      a: a.origin,
      b: b.origin,
      as: a.channels,
      bs: b.channels,
      ...shapeOf(x),
      dilation: this.values.window.dilation,
      sumOfB: Number(transposed),
    });
  }

  #padReflected(x: ImageBuffer): Operation {
    const { dilation: pad } = this.values.window;
    return operation("padReflected", { x: x.origin, channels: x.channels, ...shapeOf(x), pad });
  }

  #image(channels: number): Image {
    return placeImage(this.kernels, this.#geometry, this.values.window.images, channels);
  }

  #transform(w: number, ins: number, outs: number): number {
    const bytes = transformedBytes(outs, ins);
    const u = this.kernels.place(bytes);
    this.kernels.run(operation("conv3x3TransformWeights", { u, w, ins, outs }), [{ address: u, bytes }]);
    return u;
  }

  #transpose(w: number, ins: number, outs: number): number {
    const bytes = weightBytes(ins, outs, 9);
    const wt = this.kernels.place(bytes);
    this.kernels.run(operation("conv3x3TransposeWeights", { wt, w, ins, outs }), [{ address: wt, bytes }]);
    return wt;
  }

  /** y = conv(x); `border` of y is written too. */
  #convolve(
    y: Image,
    x: Image,
    tensors: { u: number; bias: number; gate: number; activation: Activation },
    border = 0,
  ): void {
    const { height, width, pitch, rows } = shapeOf(y);
    const start = (image: Image) => image.origin - border * (image.channels * pitch + 4);
    this.kernels.run(
      operation("conv3x3", {
        y: start(y),
        x: start(x),
        ...tensors,
        ins: x.channels,
        outs: y.channels,
        height: height + 2 * border,
        width: width + 2 * border,
        pitch,
        rows,
        dilation: this.values.window.dilation,
      }),
      rowsOf(y, border),
      { images: y.images },
    );
  }
}

/** A weight in panels, as the kernels take it. */
export function toPanels(
  w: Float32Array,
  { outs, ins, side = 3 }: Pick<Window, "outs" | "ins" | "side">,
): Float32Array {
  const panels = new Float32Array(weightBytes(outs, ins, side * side) / 4);
  toArena(panels, w, [outs, ins, side, side]);
  return panels;
}

/** A gradient of a weight from its panels. @throws Error where their padding is not zero, so that the optimiser would move it */
export function fromPanels(
  panels: Float32Array,
  { outs, ins, side = 3 }: Pick<Window, "outs" | "ins" | "side">,
): Float32Array {
  const shape = [outs, ins, side, side];
  const padding = panels.slice();
  toArena(padding, new Float32Array(outs * ins * side * side), shape);
  if (padding.some((value) => value !== 0)) throw new Error("Padding of the weight gradient is not zero.");
  return fromArena(panels, shape);
}
