/** Gets pictures from files, from the samples and from the camera. */

import { DataError, readImage } from "../src/browser.ts";
import { button, byId } from "./dom.ts";

/** The most pixels of a picture: a canvas, with four bytes for each pixel, can hold so many in any browser. */
const LARGEST = 50e6;

/** @throws DataError if the file is no picture, or too large */
export function pictureOfFile(file: Blob): Promise<ImageData> {
  return readImage(file, { maxPixels: LARGEST });
}

export async function garments(): Promise<ImageData> {
  const response = await fetch("garments.png");
  if (!response.ok) throw new DataError(`The sample is not on the server (${response.status}).`);
  return pictureOfFile(await response.blob());
}

/** Draws a sample with shapes, shades, lines and letters, all of which a denoiser should keep. */
export function drawing(): ImageData {
  const [width, height] = [480, 360];
  const context = contextOf(width, height);
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, "#31538f");
  sky.addColorStop(0.55, "#e7a977");
  sky.addColorStop(0.56, "#3d5a4c");
  sky.addColorStop(1, "#1d3329");
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  const disc = (x: number, y: number, radius: number, color: string) => {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  };
  disc(350, 120, 46, "#f8e3b0");
  context.fillStyle = "#27303f";
  context.beginPath();
  for (const [x, y] of [
    [0, 200],
    [90, 110],
    [150, 165],
    [215, 90],
    [330, 200],
  ] as const)
    context.lineTo(x, y);
  context.fill();
  context.fillStyle = "#b7b2a8";
  context.fillRect(70, 235, 130, 80);
  context.fillStyle = "#8f3f34";
  context.beginPath();
  for (const [x, y] of [
    [58, 237],
    [135, 190],
    [212, 237],
  ] as const)
    context.lineTo(x, y);
  context.fill();
  context.strokeStyle = "#22252b";
  context.lineWidth = 2;
  for (const x of [85, 150]) context.strokeRect(x, 255, 30, 30);
  for (let line = 0; line < 12; line++) {
    context.lineWidth = 0.5 + line / 6;
    context.beginPath();
    context.moveTo(260 + 16 * line, 340);
    context.lineTo(280 + 15 * line, 250);
    context.stroke();
  }
  context.fillStyle = "#f4f1ea";
  context.font = "600 26px Georgia, serif";
  context.fillText("noise, σ = 25", 24, 42);
  return context.getImageData(0, 0, width, height);
}

/** Shows the camera in a dialog. @returns a picture, or undefined if the dialog was closed */
export async function pictureOfCamera(): Promise<ImageData | undefined> {
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
    return await readImage(await createImageBitmap(video));
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
}
