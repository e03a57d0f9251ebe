// The pictures of a folder, and where their results go.
import { createHash } from "node:crypto";
import { access, readdir, rm } from "node:fs/promises";
import { join, resolve, sep } from "node:path";

const isIn = (path, folder) => path.startsWith(resolve(folder) + sep);

/** Adds a job for each picture of `input` whose result is not in `output`, and waits while too many are waiting. */
export async function addPictures(queue, input, output, { jobOptions, mostWaiting }) {
  // Results may lie in a folder within that of the pictures.
  const names = (await readdir(input, { recursive: true })).filter(
    (name) => /\.(png|jpe?g)$/i.test(name) && !isIn(resolve(input, name), output),
  );
  let added = 0;
  for (let from = 0; from < names.length; from += 100) {
    const jobs = [];
    for (const name of names.slice(from, from + 100)) {
      const data = { input: resolve(input, name), output: resolve(output, name) };
      const isThere = await access(data.output).then(
        () => true,
        () => false,
      );
      if (isThere) continue;
      // The same picture is not added twice, as long as its job is there.
      const digest = createHash("sha256").update(join(data.input, data.output)).digest("hex");
      // BullMQ takes no numbers, and digits alone would be one.
      const jobId = `picture-${digest.slice(0, 16)}`;
      jobs.push({ name: "denoise", data, opts: { ...jobOptions, jobId } });
    }
    while ((await queue.getWaitingCount()) > mostWaiting) await sleep(200);
    await queue.addBulk(jobs);
    added += jobs.length;
  }
  return added;
}

/** The jobs that failed for good, of these folders alone: the queue may have others, too. */
export async function failedJobs(queue, input, output) {
  const jobs = await queue.getFailed();
  return jobs.filter(({ data }) => isIn(data.input, input) && isIn(data.output, output));
}

/** Removes what workers had begun to write when they were killed. To be called when no job is under way. */
export async function removeParts(output) {
  const names = await readdir(output, { recursive: true }).catch(() => []);
  for (const name of names) if (/\.\d+\.part$/.test(name)) await rm(join(output, name), { force: true });
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
