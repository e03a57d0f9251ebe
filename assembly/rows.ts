
/** Sets columns width … next multiple of 4 of rows `first` to `last` to 0. */
export function clearTails(
  y: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, first: i32, last: i32,
): void {
  const from = <usize>width << 2;
  const bytes = <usize>(-width & 3) << 2;
  for (let item = first; item < last; item++) {
    const image = item / height;
    let at = y + <usize>((image * rows + item - image * height) * channels) * pitch + from;
    for (let c = 0; c < channels; c++, at += pitch) memory.fill(at, 0, bytes);
  }
}
