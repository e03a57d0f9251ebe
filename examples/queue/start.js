// node start.js PICTURES RESULTS: denoises all PNG and JPEG files of a folder: starts Redis unless REDIS_HOST names one, starts workers, adds the
// pictures, shows how far it is, and ends when all are done. It goes on where it was interrupted. Failed pictures are listed
// at the end with their reasons.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { Queue } from "bullmq";
import { addPictures, removeParts, sleep } from "./pictures.js";
import { connection, jobOptions, mostWaiting, queueName } from "./settings.js";

const [input, output] = process.argv.slice(2);
if (!output) {
  console.error("usage: node start.js PICTURES RESULTS");
  process.exit(2);
}
const children = new Set();
let isEnding = false;

/** Starts a program, and again whenever it ends. */
function keepRunning(program, parameters) {
  // The channel tells it when this process is gone.
  const child = spawn(program, parameters, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.add(child);
  child.once("exit", (code, signal) => {
    children.delete(child);
    if (isEnding) return;
    console.log(`${program} ${parameters[0]} ended (${signal ?? code}), and is started again`);
    setTimeout(keepRunning, 500, program, parameters);
  });
}

/** Ends the workers, which give back what they have not done, and then Redis. */
async function end(code) {
  isEnding = true;
  const workers = [...children].filter(({ spawnfile }) => spawnfile === process.execPath);
  for (const worker of workers) worker.kill("SIGTERM");
  for (
    let i = 0;
    i < 50 && workers.some(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    i++
  )
    await sleep(100);
  for (const child of children) child.kill(workers.includes(child) ? "SIGKILL" : "SIGTERM");
  process.exit(code);
}
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => end(1));

if (!process.env.REDIS_HOST) {
  const folder = process.env.REDIS_FOLDER ?? "redis-data";
  mkdirSync(folder, { recursive: true });
  // Every command is on the disk before it is answered, so that nothing is lost when Redis is killed.
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  keepRunning("redis-server", [
    "--port",
    `${connection.port}`,
    "--dir",
    folder,
    "--loglevel",
    "warning",
    ...durable,
  ]);
}
for (let i = 0; i < Number(process.env.WORKERS ?? 1); i++) keepRunning(process.execPath, ["worker.js"]);

const queue = new Queue(queueName, { connection });
queue.on("error", ({ code, message }) => code ?? console.error(message));
// What failed before may have been mended.
await queue.retryJobs({ state: "failed" });
let isAdded = false;
const adding = addPictures(queue, input, output, { jobOptions, mostWaiting }).then((count) => {
  isAdded = true;
  return count;
});
adding.catch((error) => {
  console.error(error);
  void end(1);
});
const start = Date.now();
for (;;) {
  await sleep(1000);
  const { waiting, active, delayed, failed } = await queue.getJobCounts(
    "waiting",
    "active",
    "delayed",
    "failed",
  );
  const seconds = Math.round((Date.now() - start) / 1000);
  console.log(
    `${seconds} s: ${waiting} waiting${isAdded ? "" : " and more to come"}, ${active} under way, ${delayed} to be tried again, ${failed} failed`,
  );
  if (isAdded && waiting + active + delayed === 0) break;
}
await removeParts(output);
const failed = await queue.getFailed();
console.log(`${(await adding) - failed.length} pictures done, ${failed.length} failed`);
for (const { data, failedReason } of failed) console.log(`${data.input}: ${failedReason}`);
await end(failed.length > 0 ? 1 : 0);
