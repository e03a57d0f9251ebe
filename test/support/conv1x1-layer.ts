/** A 1×1 convolution and a batch in the memory of a test, and what its operations give. */
import { Activation } from "../../assembly/constants.ts";
import { biasSumsBytes, gradientChunkBytes1x1, weightBytes } from "../../assembly/conv/sizes.ts";
import { geometryOf, type ImageBuffer, shapeOf } from "../../src/network/image-buffers.ts";
import { eachImage, type Operation, operation } from "../../src/network/program.ts";
import { type ConvValues, fromPanels, toPanels } from "./conv-layer.ts";
import { type Image, placeImage, planesOf, rowsOf, slots, takeImage } from "./images.ts";
import { type Kernels, type Region, THREADS } from "./kernels.ts";

export class Conv1x1Layer {
  readonly #x: Image;
  readonly #dy: Image;
  readonly #w: number;

  constructor(
    readonly kernels: Kernels,
    readonly values: ConvValues,
  ) {
    const { images, ins, outs } = values.window;
    kernels.clear();
    this.#x = this.#image(images, ins, values.x);
    this.#dy = this.#image(images, outs, values.dy);
    this.#w = kernels.floats(toPanels(values.w, values.window));
    this.#mirror(this.#x);
  }

  /** Behind exactly as many values of the bias as there are outputs lies NaN. */
  forward(activation: Activation): Float32Array {
    const { images, outs } = this.values.window;
    const y = this.#image(images, outs);
    const bias = this.kernels.floats(this.values.bias);
    this.#convolve(y, this.#x, { w: this.#w, bias, gate: 0, activation });
    return planesOf(this.kernels, y);
  }

  /** dx ∘ (x > 0) */
  inputGradient(): Float32Array {
    const { kernels } = this;
    const { images, ins, outs } = this.values.window;
    const bytes = weightBytes(ins, outs, 1);
    const w = kernels.place(bytes);
    const transpose = operation("conv1x1TransposeWeights", { wt: w, w: this.#w, ins, outs });
    kernels.run(transpose, [{ address: w, bytes }]);
    requireTransposed(kernels.float32(w, bytes / 4), this.values);
    const bias = kernels.floats(new Float32Array(ins));
    const dx = this.#image(images, ins);
    this.#convolve(dx, this.#dy, { w, bias, gate: this.#x.origin, activation: Activation.linear });
    return planesOf(kernels, dx);
  }

  /** By the program of a training step: images in slots, all but the last in one chunk, the last in another. */
  weightGradient(): { dw: Float32Array; dbias: Float32Array } {
    const { kernels } = this;
    const { images, ins, outs } = this.values.window;
    const count = Math.min(images, 2);
    const chunk = this.chunks(count);
    const sum = (from: number, bytes: number) => {
      const to = kernels.place(bytes);
      const stride = gradientChunkBytes1x1(outs, ins);
      kernels.run(operation("sumChunks", { to, from, stride, count, bytes }), [{ address: to, bytes }]);
      return kernels.float32(to, bytes / 4);
    };
    const bytes = weightBytes(outs, ins, 1);
    const dw = fromPanels(sum(chunk.address, bytes), this.values.window);
    const sums = sum(chunk.address + bytes, biasSumsBytes(outs));
    if (sums.subarray(outs).some((value) => value !== 0)) throw new Error("Padding of the sums is not zero.");
    return { dw, dbias: sums.slice(0, outs) };
  }

  /** The sums of so many chunks of images, each taken into a slot and added to its chunk. */
  chunks(count: number): Region {
    const { kernels } = this;
    const { images, ins, outs } = this.values.window;
    const chunk = this.#placeChunks(count);
    const x = this.#image(THREADS, ins);
    const dy = this.#image(THREADS, outs);
    const body = [
      takeImage(kernels, x, this.values.x),
      takeImage(kernels, dy, this.values.dy),
      this.#weightGradient(x, dy, chunk.address),
    ];
    kernels.run(eachImage(images, count, body), [chunk, ...slots(x), ...slots(dy)]);
    return chunk;
  }

  /** The sums of one chunk that has all images, by one call of the kernel. */
  chunkAtOnce(): Region {
    const chunk = this.#placeChunks(1);
    const { images } = this.values.window;
    const sum = this.#weightGradient(this.#x, this.#dy, chunk.address);
    this.kernels.run(sum, [chunk], { images, undivided: true });
    return chunk;
  }

  #placeChunks(count: number): Region {
    const { ins, outs } = this.values.window;
    const bytes = count * gradientChunkBytes1x1(outs, ins);
    return { address: this.kernels.place(bytes), bytes };
  }

  #weightGradient(x: ImageBuffer, dy: ImageBuffer, chunk: number): Operation {
    const places = { chunk, dy: dy.origin, x: x.origin };
    return operation("conv1x1WeightGradient", {
      ...places,
      outs: dy.channels,
      ins: x.channels,
      ...shapeOf(x),
    });
  }

  #image(images: number, channels: number, planes?: Float32Array): Image {
    const { window } = this.values;
    return placeImage(this.kernels, geometryOf(window, 1, window.padding), images, channels, planes);
  }

  /** Fills the border of x as a 3×3 convolution of the same image does, where the network mirrors. */
  #mirror(x: Image): void {
    if (this.values.window.padding === "zeros") return;
    const values = { x: x.origin, channels: x.channels, ...shapeOf(x), pad: 1 };
    this.kernels.run(operation("padReflected", values), rowsOf(x, 1), { images: x.images });
  }

  #convolve(
    y: Image,
    x: Image,
    tensors: { w: number; bias: number; gate: number; activation: Activation },
  ): void {
    const values = { y: y.origin, x: x.origin, ...tensors, ins: x.channels, outs: y.channels };
    this.kernels.run(operation("conv1x1", { ...values, ...shapeOf(y) }), rowsOf(y), { images: y.images });
  }
}

/** @throws Error where panels do not hold exactly the transposed weights, and zeros as padding */
function requireTransposed(panels: Float32Array, { window, w }: ConvValues): void {
  const { ins, outs } = window;
  const transposed = Float32Array.from(w, (_, at) => w[(at % outs) * ins + Math.floor(at / outs)]!);
  const expected = toPanels(transposed, { ...window, ins: outs, outs: ins });
  if (panels.length !== expected.length || panels.some((value, at) => !Object.is(value, expected[at]))) {
    throw new Error(`The weights ${outs}×${ins} are not transposed.`);
  }
}
