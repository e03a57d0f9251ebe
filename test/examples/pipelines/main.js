import "./denoise-img.js";
import built from "./assets/noisy.png?denoise";
import { denoiseFrames } from "./video-frames.js";

document.querySelector("img").src = built;

/** Sends frames of RGBA through `denoiseFrames`; for each, its values, its time, and whether the one that came in is closed. */
window.denoiseFrames = async (values, width, height, count) => {
  const frames = Array.from(
    { length: count },
    (_, i) =>
      new VideoFrame(Uint8Array.from(values), {
        format: "RGBA",
        codedWidth: width,
        codedHeight: height,
        timestamp: 1000 * i,
      }),
  );
  const stream = new ReadableStream({
    start(controller) {
      for (const frame of frames) controller.enqueue(frame);
      controller.close();
    },
  });
  const results = [];
  const reader = stream.pipeThrough(await denoiseFrames({ sigma: 25 })).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const data = new Uint8Array(4 * width * height);
    await value.copyTo(data, { format: "RGBA" });
    results.push({ data: [...data], timestamp: value.timestamp });
    value.close();
  }
  return { results, closed: frames.every(({ format }) => format === null) };
};
