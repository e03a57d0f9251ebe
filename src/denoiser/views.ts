/** The ways in which a picture is put through the network: as it is, and for the best quality also mirrored and turned. */

/** A picture mirrored or turned: the pixel in row y and column x begins at value `origin` + y · `down` + x · `right`. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly origin: number;
  readonly down: number;
  readonly right: number;
}

/** The first `length` of the eight views of a picture. The very first is the picture as it is. */
export function viewsOf(length: number, width: number, height: number, channels: number): View[] {
  return Array.from({ length }, (_, number) => {
    const [across, along] = [channels, width * channels];
    const [isMirrored, isUpsideDown, isTransposed] = [number & 1, number & 2, number & 4];
    const origin = (isMirrored ? (width - 1) * across : 0) + (isUpsideDown ? (height - 1) * along : 0);
    const right = isMirrored ? -across : across;
    const down = isUpsideDown ? -along : along;
    return isTransposed
      ? { width: height, height: width, origin, down: right, right: down }
      : { width, height, origin, down, right };
  });
}
