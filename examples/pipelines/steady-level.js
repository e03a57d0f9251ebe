// One level of noise for pictures that follow each other: the level of single frames varies, and a film would flicker.
import { estimateSigma } from "denoise-wasm";

/**
 * @param {number} [count] over how many frames the level is averaged
 * @returns a function that takes a picture and gives the mean level of it and of those before
 */
export function steadyLevel(count = 12) {
  const levels = [];
  return (picture) => {
    levels.push(estimateSigma(picture));
    if (levels.length > count) levels.shift();
    return levels.reduce((sum, level) => sum + level, 0) / levels.length;
  };
}
