// Denoises the files of requests one after the other, and says no to those for whom there is no place.
import { denoiseFile } from "./file.js";

/** Requests that are here at a time. */
const places = 16;
/** The answer of those for whom there is none has the status 503, these headers and this body. */
export const busy = {
  headers: { "retry-after": "5" },
  body: { error: "Too many requests are waiting. Try again later." },
};

let present = 0;
let turn = Promise.resolve();

/**
 * Takes a place for a request until its sender has got the answer or has left.
 * @returns undefined if there is none; else functions to denoise its file, as `denoiseFile` does, and to leave, which ends that
 */
export function takePlace() {
  if (present >= places) return undefined;
  present++;
  const gone = new AbortController();
  return {
    denoise(bytes, options) {
      // Only one file is unpacked at a time; those whose senders have left are passed over.
      turn = turn
        .catch(() => {})
        .then(() => {
          gone.signal.throwIfAborted();
          return denoiseFile(bytes, { ...options, signal: gone.signal });
        });
      return turn;
    },
    leave() {
      if (!gone.signal.aborted) present--;
      gone.abort();
    },
  };
}
