// A plugin of Vite (and Rollup) that denoises pictures when they are imported with "?denoise". For TypeScript, vite-client.d.ts says
// what such an import gives.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { denoiseFile } from "./file.js";

/**
 * `import url from "./photo.jpg?denoise"` gives the address of the denoised picture, a PNG or JPEG file as the first.
 * @param {import("denoise-wasm").DenoiseOptions & { maxPixels?: number }} [options] pictures may have any number of pixels by default
 * @returns {import("vite").Plugin}
 */
export function denoiseImages(options) {
  const suffix = "?denoise";
  const settings = { maxPixels: Number.POSITIVE_INFINITY, ...options };
  let isServer = false;
  return {
    name: "denoise-images",
    enforce: "pre",
    configResolved({ command }) {
      isServer = command === "serve";
    },
    async resolveId(source, importer) {
      if (!source.endsWith(suffix)) return;
      const resolved = await this.resolve(source.slice(0, -suffix.length), importer, { skipSelf: true });
      return resolved && resolved.id + suffix;
    },
    async load(id) {
      if (!id.endsWith(suffix)) return;
      const path = id.slice(0, -suffix.length);
      this.addWatchFile(path);
      const { type, bytes } = await denoiseFile(await readFile(path), settings);
      if (isServer) {
        const data = Buffer.from(bytes).toString("base64");
        return `export default ${JSON.stringify(`data:${type};base64,${data}`)};`;
      }
      const file = this.emitFile({ type: "asset", name: basename(path), source: bytes });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}
