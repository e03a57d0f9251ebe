/** The picture that "Denoise" shows, as it is before denoising, and what is seen of it: for the other parts of the page. */
interface Point {
  readonly x: number;
  readonly y: number;
}

const changes = new EventTarget();
let seen: ImageData | undefined;
let middle: Point | undefined;

export const seenPicture = (): ImageData | undefined => seen;

/** The point in the middle of the part that is seen; undefined where all of the picture is. */
export const seenMiddle = (): Point | undefined => middle;

export function see(picture: ImageData): void {
  if (picture === seen) return;
  seen = picture;
  changes.dispatchEvent(new Event("change"));
}

export function seeAround(point: Point | undefined): void {
  middle = point && { ...point };
}

export function onSeen(callback: () => void): void {
  changes.addEventListener("change", callback);
}
