/** The operations on images in rows (pixels.ts). */
import { conv3x3 } from "../conv/conv3x3";
import { conv3x3WeightGradient } from "../conv/conv3x3-gradient";
import { imageLoss } from "../image-loss";
import { gaussianNoise } from "../noise";
import { Op } from "./opcodes";
import { foldReflected, padReflected } from "../conv/padding";
import {
  fillChannel, imageFromBytes, imageFromFloats, imageToFloats, pixelShuffle, pixelUnshuffle, residual,
} from "../conv/pixels";
import { address, float, word } from "./record";

/**
 * Runs items `first` to `last` of an operation, in the scratch of a thread. Image n of a buffer of images is picture
 * n + shift of the batch: where a batch lies picture after picture, or has a value a picture, `shift` pictures are skipped.
 */
export function executeOnImages(op: usize, thread: i32, shift: i32, first: i32, last: i32): void {
  switch (word(op, 0)) {
    case Op.gaussianNoise:
      gaussianNoise(address(op, 1), address(op, 2), address(op, 3), address(op, 4), word(op, 5), shift + first, shift + last);
      break;
    case Op.imageFromFloats:
      imageFromFloats(
        address(op, 1), address(op, 2) + pictures(op, shift, 4), word(op, 3), word(op, 4), word(op, 5), address(op, 6),
        word(op, 7), word(op, 8), word(op, 9), float(op, 10), first, last,
      );
      break;
    case Op.imageFromBytes:
      imageFromBytes(
        address(op, 1), address(op, 2) + pictures(op, shift, 1), word(op, 3), word(op, 4), word(op, 5), address(op, 6),
        word(op, 7), word(op, 8), word(op, 9), float(op, 10), first, last,
      );
      break;
    case Op.imageToFloats:
      imageToFloats(
        address(op, 1) + pictures(op, shift, 4), address(op, 2), word(op, 3), word(op, 4), word(op, 5), address(op, 6),
        word(op, 7), word(op, 8), word(op, 9), float(op, 10), first, last,
      );
      break;
    case Op.fillChannel:
      fillChannel(
        address(op, 1), address(op, 2) + (<usize>shift << 2), word(op, 3), word(op, 4), word(op, 5), word(op, 6),
        address(op, 7), word(op, 8), float(op, 9), first, last,
      );
      break;
    case Op.residual:
      residual(
        address(op, 1), address(op, 2), address(op, 3), word(op, 4), word(op, 5), word(op, 6), word(op, 7), address(op, 8),
        word(op, 9), first, last,
      );
      break;
    case Op.imageLoss:
      imageLoss(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4) + (<usize>shift << 2),
        address(op, 5) + (<usize>(shift * word(op, 7)) << 3), word(op, 6), word(op, 7), word(op, 8), address(op, 9),
        word(op, 10), word(op, 11), float(op, 12), first, last,
      );
      break;
    case Op.conv3x3:
      conv3x3(
        address(op, 1), address(op, 2), address(op, 3), address(op, 4), address(op, 5),
        address(op, 6) + <usize>thread * address(op, 7), word(op, 8), word(op, 9), word(op, 10), word(op, 11),
        address(op, 12), word(op, 13), word(op, 14), word(op, 15), first, last,
      );
      break;
    case Op.padReflected:
      padReflected(
        address(op, 1), word(op, 2), word(op, 3), word(op, 4), address(op, 5), word(op, 6), word(op, 7), first, last,
      );
      break;
    case Op.foldReflected:
      foldReflected(
        address(op, 1), address(op, 2), address(op, 3), word(op, 4), word(op, 5), word(op, 6), address(op, 7), word(op, 8),
        word(op, 9), first, last,
      );
      break;
    case Op.pixelUnshuffle:
      pixelUnshuffle(
        address(op, 1), address(op, 2), word(op, 3), word(op, 4), word(op, 5), word(op, 6), address(op, 7), word(op, 8),
        address(op, 9), word(op, 10), first, last,
      );
      break;
    case Op.pixelShuffle:
      pixelShuffle(
        address(op, 1), address(op, 2), word(op, 3), word(op, 4), word(op, 5), address(op, 6), word(op, 7), address(op, 8),
        word(op, 9), first, last,
      );
      break;
    default:
      unreachable();
  }
}

/** Bytes of `shift` pictures as imageFromFloats, imageFromBytes and imageToFloats have them, of `size` bytes a value. */
// @ts-ignore: decorator
@inline
function pictures(op: usize, shift: i32, size: i32): usize {
  return <usize>(shift * word(op, 4) * word(op, 5) * word(op, 8) * size);
}

/** Adds what image `slot` gives to the weight gradient of its chunk, or starts that gradient with it. */
export function addWeightGradient(op: usize, slot: i32, chunk: i32, start: bool): void {
  conv3x3WeightGradient(
    address(op, 1) + <usize>chunk * address(op, 2), address(op, 3) + <usize>slot * address(op, 4), address(op, 5),
    address(op, 6), word(op, 7), word(op, 8), word(op, 9), word(op, 10), address(op, 11), slot * word(op, 12),
    word(op, 13), word(op, 14) != 0, start,
  );
}
