// Denoises the picture of a job. BullMQ runs this in processes of their own, so that one that fails takes no other with it.
import { access, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UnrecoverableError } from "bullmq";
import { createDenoiser, DenoiseError } from "denoise-wasm";
import { denoiseJpeg } from "denoise-wasm/jpeg";
import { denoisePng } from "denoise-wasm/png";

const denoiser = await createDenoiser();
/** What a picture may have at most. The README says what that takes of memory. */
const maxPixels = 2 ** 27;
// When the worker is gone that this process belongs to, nobody waits for it.
process.once("disconnect", () => process.exit());

/**
 * A job may come twice: when a worker has died, or Redis was away when it reported. The result is written under another name and
 * renamed, so it is there whole or not at all; and if it is there, nothing is done.
 * @param {{ data: { input: string, output: string } }} job
 */
export default async function denoise({ data: { input, output } }) {
  if (
    await access(output).then(
      () => true,
      () => false,
    )
  )
    return "was there";
  const bytes = await readFile(input);
  try {
    const file = await (bytes[0] === 0x89 ? denoisePng : denoiseJpeg)(denoiser, bytes, { maxPixels });
    const temporary = `${output}.${process.pid}.part`;
    await mkdir(dirname(output), { recursive: true });
    await writeFile(temporary, file, { flush: true });
    await rename(temporary, output);
    return "done";
  } catch (error) {
    // A broken picture is broken every time.
    throw error instanceof DenoiseError ? new UnrecoverableError(error.message) : error;
  }
}
