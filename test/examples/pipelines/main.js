import "./denoise-img.js";
import large from "./assets/large.png?denoise";
import built from "./assets/noisy.png?denoise";
import { denoiseFrames } from "./video-frames.js";
import { workerPool } from "./worker-pool.js";

document.querySelector("img").src = built;
document.querySelector("img").dataset.large = large;

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

/** How many workers have ended, when streams of frames end in three ways before their time; and whether a frame that fails is closed. */
window.endFrames = async () => {
  const ended = [];
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = function () {
    ended.push(this);
    return terminate.call(this);
  };
  let closed = false;
  const broken = {
    visibleRect: { width: 8, height: 8 },
    copyTo: () => Promise.reject(new Error("copy failed")),
    close: () => {
      closed = true;
    },
  };
  await (await denoiseFrames()).writable.abort();
  await (await denoiseFrames()).readable.cancel();
  const { readable, writable } = await denoiseFrames();
  const writer = writable.getWriter();
  writer.write(broken).catch(() => {});
  const said = await readable
    .getReader()
    .read()
    .catch(({ message }) => message);
  await new Promise((resolve) => setTimeout(resolve, 50));
  Worker.prototype.terminate = terminate;
  return { ended: ended.length, said, closed };
};

/** What two workers make of six pictures, of which the fifth is not waited for; and how a picture fares when the pool is gone. */
window.denoiseMany = async (values, width, height) => {
  const pool = await workerPool(2);
  const leaving = new AbortController();
  const denoise = (signal) =>
    pool.denoise({ data: Uint8Array.from(values), width, height, channels: 4 }, { sigma: 25, signal }).then(
      ({ data }) => [...data],
      ({ name }) => name,
    );
  const all = Array.from({ length: 6 }, (_, i) => denoise(i === 4 ? leaving.signal : undefined));
  leaving.abort();
  const results = await Promise.all(all);
  const last = [denoise(), denoise(), denoise()];
  pool.dispose();
  return { results, late: await Promise.all(last) };
};
