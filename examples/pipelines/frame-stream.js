// A Transform stream of raw frames, such as those that ffmpeg writes and reads:
//   ffmpeg -i in.mp4 -f rawvideo -pix_fmt rgb24 - | node denoise-film.js | ffmpeg -f rawvideo -pix_fmt rgb24 -s 640x480 -i - out.mp4
import { Transform } from "node:stream";
import { denoiser } from "./file.js";
import { steadyLevel } from "./steady-level.js";

/**
 * @param {{ width: number, height: number, channels?: 1 | 3 | 4, sigma?: number }} frame the size of each frame, and the level of
 * its noise; without it, the level is found, and averaged over the frames
 * @returns a stream of bytes to the same stream with its frames denoised; it holds one frame
 */
export function frameStream({ width, height, channels = 3, sigma }) {
  const size = width * height * channels;
  const levelOf = steadyLevel();
  const frame = Buffer.alloc(size);
  let filled = 0;
  return new Transform({
    async transform(chunk, _, done) {
      try {
        for (let at = 0; at < chunk.length; ) {
          const taken = chunk.copy(frame, filled, at, at + size - filled);
          at += taken;
          filled += taken;
          if (filled < size) continue;
          filled = 0;
          const picture = { data: frame, width, height, channels };
          this.push((await denoiser.denoise(picture, { sigma: sigma ?? levelOf(picture) })).data);
        }
        done();
      } catch (error) {
        done(error);
      }
    },
    flush(done) {
      done(
        filled === 0 ? null : new Error(`The stream ended within a frame, after ${filled} of ${size} bytes.`),
      );
    },
  });
}
