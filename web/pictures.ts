/** Gets pictures from files, from the samples and from the camera. */

import { DataError, readImage } from "../src/browser.ts";
import { button, byId, messageOf } from "./dom.ts";
import { pictureLink } from "./picture-link.ts";

/** The most pixels of a picture: a canvas, with four bytes for each pixel, can hold so many in any browser. */
const LARGEST = 50e6;

/** A picture that was chosen. */
export interface Chosen {
  readonly image: ImageData;
  readonly name: string;
  /** Where it came from, if from a file of the user. */
  readonly file?: Blob;
  /** Whether it is known to be free of noise, so that results can be measured. */
  readonly clean: boolean;
}

/** @throws DataError if the file is no picture, or too large */
export async function pictureOfFile(file: File): Promise<Chosen> {
  return { image: await readPicture(file), name: file.name, file, clean: false };
}

/** In a worker, so that the page stays free while a large picture is decoded. */
async function readPicture(file: Blob): Promise<ImageData> {
  try {
    return await pictureLink.ask({ type: "read", file, maxPixels: LARGEST }).answer;
  } catch (error) {
    throw new DataError(messageOf(error).replace(", or raise maxPixels", ", or cut it into parts"), {
      cause: error,
    });
  }
}

/** A clean photograph that comes with the page. */
export async function sample(name: string): Promise<Chosen> {
  const image = await readPicture(await fetched(`samples/${name}.jpg`));
  return { image, name: `sample ${name}`, clean: true };
}

/** A sheet of garments, 28×28 pixels each. */
export async function garments(): Promise<ImageData> {
  return readPicture(await fetched("garments.png"));
}

async function fetched(file: string): Promise<Blob> {
  const response = await fetch(file);
  if (!response.ok) throw new DataError(`${file} is not on the server (${response.status}).`);
  return response.blob();
}

/** Shows the camera in a dialog. @returns a picture, or undefined if the dialog was closed */
export async function pictureOfCamera(): Promise<Chosen | undefined> {
  let stream: MediaStream;
  try {
    if (!navigator.mediaDevices)
      throw new Error("browsers give it to pages served over https or from localhost only");
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`The camera cannot be used (${reason}). Allow it for this page, or choose a file.`, {
      cause,
    });
  }
  const dialog = byId("camera-dialog", HTMLDialogElement);
  const video = byId("camera-video", HTMLVideoElement);
  try {
    video.srcObject = stream;
    await video.play();
    dialog.returnValue = "";
    dialog.showModal();
    button("camera-take").onclick = () => dialog.close("taken");
    button("camera-close").onclick = () => dialog.close();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "taken") return undefined;
    return { image: await readImage(await createImageBitmap(video)), name: "camera", clean: false };
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
