/**
 * Walks a program: a flat table of operations (opcodes.ts) in memory. One call is one training step or one
 * forward pass. Each thread walks the same table and takes its share of the items of each operation.
 */
import { sumChunks } from "../conv/conv3x3-gradient";
import { conv3x3GatherWeights, conv3x3TransformWeights, conv3x3TransposeWeights } from "../conv/conv3x3-weights";
import * as dense from "../dense/dense";
import { RUN_BYTES } from "../dense/gemm";
import { addWeightGradient, executeOnImages } from "./image-operations";
import { meanSquaredError, sumLoss } from "../loss";
import { ITEMS, Op, SCRATCH, SCRATCH_PANELS } from "./opcodes";
import { adagrad, adam, average } from "../optimizers";
import { packBytes, packFloats, unpackFloats } from "../dense/panels";
import { address, float, next, RECORD, share, word } from "./record";

/** Runs the share of thread `thread` of `threads` in the program at `program`, without waiting for the others. */
export function run(program: usize, thread: i32, threads: i32): void {
  for (let op = program; word(op, 0) != Op.end; op = next(op)) execute(op, thread, threads);
}

/** Runs the share of thread `thread` in one operation. */
export function execute(op: usize, thread: i32, threads: i32): void {
  switch (word(op, 0)) {
    case Op.packFloats: {
      const panels = (word(op, 5) + 7) >> 3;
      packFloats(address(op, 1), address(op, 2), address(op, 3), word(op, 4), word(op, 5), share(panels, thread, threads), share(panels, thread + 1, threads));
      break;
    }
    case Op.packBytes: {
      const panels = (word(op, 5) + 7) >> 3;
      packBytes(address(op, 1), address(op, 2), address(op, 3), word(op, 4), word(op, 5), share(panels, thread, threads), share(panels, thread + 1, threads));
      break;
    }
    case Op.unpackFloats: {
      const panels = (word(op, 5) + 7) >> 3;
      unpackFloats(address(op, 1), address(op, 2), address(op, 3), word(op, 4), word(op, 5), share(panels, thread, threads), share(panels, thread + 1, threads));
      break;
    }
    case Op.denseForwardVector: {
      const items = word(op, 6);
      dense.denseForwardVector(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), word(op, 5), word(op, 7), word(op, 8),
        share(items, thread, threads), share(items, thread + 1, threads),
      );
      break;
    }
    case Op.denseForward: {
      const items = word(op, 7) * <i32>(address(op, 5) >> 7);
      dense.denseForward(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), address(op, 5), word(op, 6), word(op, 8), word(op, 9),
        share(items, thread, threads), share(items, thread + 1, threads),
      );
      break;
    }
    case Op.meanSquaredError: {
      const panels = word(op, 6);
      meanSquaredError(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), word(op, 5), address(op, 7), float(op, 8), word(op, 9),
        share(panels, thread, threads), share(panels, thread + 1, threads),
      );
      break;
    }
    case Op.sumLoss:
      if (thread == 0) sumLoss(address(op, 1), address(op, 2), word(op, 3), load<f64>(op, 16));
      break;
    case Op.denseInputGradient: {
      const items = word(op, 8) * <i32>(address(op, 7) >> 7);
      dense.denseInputGradient(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), address(op, 5), address(op, 6) + <usize>thread * RUN_BYTES,
        address(op, 7), word(op, 8), word(op, 9), word(op, 10), share(items, thread, threads), share(items, thread + 1, threads),
      );
      break;
    }
    case Op.denseWeightGradient: {
      const items = word(op, 7) * word(op, 8);
      dense.denseWeightGradient(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), address(op, 5), word(op, 6), word(op, 7),
        share(items, thread, threads), share(items, thread + 1, threads),
      );
      break;
    }
    case Op.adagrad: {
      const lines = word(op, 4) >> 4;
      const first = <usize>share(lines, thread, threads) << 6;
      const last = <usize>share(lines, thread + 1, threads) << 6;
      adagrad(address(op, 1) + first, address(op, 2) + first, address(op, 3) + first, last - first, f32x4.splat(load<f32>(address(op, 5))));
      break;
    }
    case Op.denseWeightGradientAdagrad: {
      const items = word(op, 10) * word(op, 11);
      dense.denseWeightGradientAdagrad(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), address(op, 5) + <usize>thread * (SCRATCH + SCRATCH_PANELS * address(op, 8)), address(op, 6), address(op, 7), address(op, 8),
        word(op, 9), word(op, 10), load<f32>(address(op, 12)), share(items, thread, threads), share(items, thread + 1, threads),
      );
      break;
    }
    case Op.adam: {
      const lines = word(op, 5) >> 4;
      const first = <usize>share(lines, thread, threads) << 6;
      const last = <usize>share(lines, thread + 1, threads) << 6;
      adam(address(op, 1) + first, address(op, 2) + first, address(op, 3) + first, address(op, 4) + first, last - first, address(op, 6));
      break;
    }
    case Op.average: {
      const lines = word(op, 3) >> 4;
      const first = <usize>share(lines, thread, threads) << 6;
      const last = <usize>share(lines, thread + 1, threads) << 6;
      average(address(op, 1) + first, address(op, 2) + first, last - first, address(op, 4));
      break;
    }
    case Op.conv3x3TransposeWeights:
    case Op.conv3x3TransformWeights:
    case Op.conv3x3GatherWeights: {
      const first = share(word(op, 5), thread, threads);
      const last = share(word(op, 5), thread + 1, threads);
      switch (word(op, 0)) {
        case Op.conv3x3TransposeWeights:
          conv3x3TransposeWeights(address(op, 1), address(op, 2), word(op, 3), word(op, 4), first, last);
          break;
        case Op.conv3x3TransformWeights:
          conv3x3TransformWeights(address(op, 1), address(op, 2), word(op, 3), word(op, 4), first, last);
          break;
        default:
          conv3x3GatherWeights(address(op, 1), address(op, 2), word(op, 3), word(op, 4), first, last);
      }
      break;
    }
    case Op.sumChunks:
      sumChunks(
        address(op, 1), address(op, 2), address(op, 3), word(op, 4),
        share(word(op, 5), thread, threads), share(word(op, 5), thread + 1, threads),
      );
      break;
    case Op.eachImage:
      eachImage(op, thread, threads);
      break;
    default:
      executeOnImages(op, thread, 0, share(word(op, ITEMS), thread, threads), share(word(op, ITEMS), thread + 1, threads));
  }
}

/**
 * The images of a batch one after the other through the operations that follow: each thread takes its share of the
 * chunks, runs of successive images, and has one slot in each of the body's buffers of images, so that these stay in
 * its cache and no thread waits for another.
 */
function eachImage(op: usize, thread: i32, threads: i32): void {
  const images = word(op, 1);
  const chunks = word(op, 2);
  const turn = word(op, 4);
  const end = next(op);
  let turns = 0;
  for (let chunk = share(chunks, thread, threads), last = share(chunks, thread + 1, threads); chunk < last; chunk++) {
    const start = share(images, chunk, chunks);
    for (let image = start, stop = share(images, chunk + 1, chunks); image < stop; image++) {
      turns++;
      if (turn && turn != turns) continue;
      for (let body = op + RECORD; body < end; body += RECORD) {
        if (word(body, 0) == Op.conv3x3WeightGradient) addWeightGradient(body, thread, chunk, image == start);
        else executeOnImages(body, thread, image - thread, thread * word(body, ITEMS), (thread + 1) * word(body, ITEMS));
      }
    }
  }
}
