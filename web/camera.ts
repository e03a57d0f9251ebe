/** The camera, live: its frames are denoised by the fastest model while a picture is looked for. */

import { DataError, type Denoiser, readImage, toImageData } from "../src/browser.ts";
import { denoiserOf, modelFiles } from "./denoisers.ts";
import { button, byId, canvas, input, setText } from "./dom.ts";
import type { Chosen } from "./pictures.ts";

/** Milliseconds after which the level of the noise is found anew, and after which the frames are counted. */
const FOUND_EVERY = 2000;
const COUNTED_EVERY = 1000;

/** Shows the camera in a dialog. @returns a picture, or undefined if the dialog was closed */
export async function pictureOfCamera(): Promise<Chosen | undefined> {
  const stream = await openCamera();
  const dialog = byId("camera-dialog", HTMLDialogElement);
  const video = byId("camera-video", HTMLVideoElement);
  const closed = new AbortController();
  try {
    video.srcObject = stream;
    await video.play();
    dialog.returnValue = "";
    dialog.showModal();
    button("camera-take").onclick = () => dialog.close("taken");
    button("camera-close").onclick = () => dialog.close();
    void showLive(video, closed.signal);
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "taken") return undefined;
    return { image: await frameOf(video), name: "camera", clean: false };
  } finally {
    closed.abort();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

async function openCamera(): Promise<MediaStream> {
  try {
    if (!navigator.mediaDevices)
      throw new Error("browsers give it to pages served over https or from localhost only");
    return await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`The camera cannot be used (${reason}). Allow it for this page, or choose a file.`, {
      cause,
    });
  }
}

/** Shows denoised frames, and how many there are in a second, until the signal. */
async function showLive(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  const target = canvas("camera-live");
  target.hidden = true;
  setText("camera-rate", "Denoising starts…");
  let denoiser: Denoiser;
  try {
    denoiser = await denoiserOf(await modelFiles("photo-tiny"));
  } catch {
    return setText("camera-rate", "Not denoised: the model could not be loaded.");
  }
  const level = { sigma: 0, found: Number.NEGATIVE_INFINITY };
  let [taken, shown, counted, since] = [0, 0, 0, performance.now()];
  const show = async () => {
    const number = ++taken;
    const frame = await frameOf(video);
    const isAuto = input("auto").checked;
    const isDue = isAuto && performance.now() - level.found > FOUND_EVERY;
    if (isDue) level.found = performance.now();
    const sigma = !isAuto ? input("sigma").valueAsNumber : isDue ? "auto" : level.sigma;
    const denoised = await denoiser.denoise(frame, { sigma, transfer: true, signal });
    if (isDue) level.sigma = denoised.sigma;
    // A later frame may have been faster.
    if (number < shown) return;
    shown = number;
    const image = toImageData(denoised);
    if (target.width !== image.width || target.height !== image.height)
      Object.assign(target, { width: image.width, height: image.height });
    target.getContext("2d")!.putImageData(image, 0, 0);
    target.hidden = false;
    counted++;
    const now = performance.now();
    if (now - since < COUNTED_EVERY) return;
    setText("camera-rate", `Denoised live: ${Math.round((1000 * counted) / (now - since))} frames a second.`);
    [counted, since] = [0, now];
  };
  // One frame for each thread, and one that waits for the first that is free.
  const lane = async () => {
    while (!signal.aborted) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      if (!signal.aborted) await show();
    }
  };
  try {
    await Promise.all(Array.from({ length: denoiser.threads + 1 }, lane));
  } catch {
    // The dialog was closed.
  }
  denoiser.dispose();
}

async function frameOf(video: HTMLVideoElement): Promise<ImageData> {
  const bitmap = await createImageBitmap(video);
  try {
    return await readImage(bitmap);
  } finally {
    bitmap.close();
  }
}
