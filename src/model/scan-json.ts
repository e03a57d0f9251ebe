/**
 * Looks over a JSON text, in one pass and without memory, before it is parsed: a file can nest or repeat so much that
 * parsing it costs gigabytes.
 *
 * @param json in UTF-8, valid or not
 * @returns how deep its objects and lists nest, and how many of them there are within the outermost one
 */
export function scanJson(json: Uint8Array): { deepest: number; groups: number } {
  let [depth, deepest, groups] = [0, 0, 0];
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      deepest = Math.max(deepest, ++depth);
      if (depth === 2) groups++;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return { deepest, groups };
}
