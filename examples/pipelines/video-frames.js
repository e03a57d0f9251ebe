// Denoises the frames of WebCodecs, of a camera or a file, in a page.
import { createDenoiser } from "denoise-wasm/browser";
import { steadyLevel } from "./steady-level.js";

/**
 * `track.readable.pipeThrough(await denoiseFrames()).pipeTo(generator.writable)`: takes and gives `VideoFrame`s. The frames that
 * come in are closed; times, and the size at which a frame is shown, stay.
 * @param {{ sigma?: number }} [options] the level of the noise; without it, it is found, and averaged over the frames
 */
export async function denoiseFrames({ sigma } = {}) {
  const denoiser = await createDenoiser({ worker: true });
  const levelOf = steadyLevel();
  const { readable, writable: frames } = new TransformStream({
    async transform(frame, controller) {
      const { width, height } = frame.visibleRect;
      const { timestamp, duration, displayWidth, displayHeight } = frame;
      const data = new Uint8Array(4 * width * height);
      try {
        await frame.copyTo(data, { format: "RGBA" });
      } finally {
        frame.close();
      }
      const picture = { data, width, height, channels: 4 };
      const clean = await denoiser.denoise(picture, { sigma: sigma ?? levelOf(picture), transfer: true });
      const size = { codedWidth: width, codedHeight: height, displayWidth, displayHeight };
      controller.enqueue(
        new VideoFrame(clean.data, {
          format: "RGBA",
          timestamp,
          ...(duration !== null && { duration }),
          ...size,
        }),
      );
    },
  });
  const writer = frames.getWriter();
  // However the stream ends, its worker ends with it.
  writer.closed.catch(() => {}).then(() => denoiser.dispose());
  const writable = new WritableStream({
    write: (frame) => writer.write(frame),
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
  return { readable, writable };
}
