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
  const stride = width * channels;
  return Array.from({ length }, (_, number) => {
    let [origin, down, right] = [0, stride, channels];
    if (number & 1) {
      origin = stride - channels;
      right = -right;
    }
    if (number & 2) {
      origin += (height - 1) * stride;
      down = -down;
    }
    return number & 4
      ? { width: height, height: width, origin, down: right, right: down }
      : { width, height, origin, down, right };
  });
}
