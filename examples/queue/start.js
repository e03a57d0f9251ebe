// node start.js PICTURES RESULTS: denoises all PNG and JPEG files of a folder: starts Redis unless REDIS_HOST names one, starts workers, adds the
// pictures, shows how far it is, and ends when all are done. It goes on where it was interrupted. Failed pictures are listed
// at the end with their reasons.
import { spawn } from "node:child_process";
import { mkdirSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { addPictures, failedJobs, removeParts, sleep } from "./pictures.js";
import { connection, jobOptions, mostWaiting, queueName } from "./settings.js";

const [input, output] = process.argv.slice(2);
if (!output) {
  console.error("usage: node start.js PICTURES RESULTS");
  process.exit(2);
}
if (resolve(input) === resolve(output)) {
  console.error(`${output} is the folder of the pictures; name another one for the results`);
  process.exit(2);
}
const children = new Set();
let isEnding = false;

/** Starts a program, and again whenever it ends, unless it has ended at once five times. */
function keepRunning(program, parameters, quickEnds = 0) {
  const started = Date.now();
  // The channel tells it when this process is gone.
  const child = spawn(program, parameters, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.add(child);
  child.once("error", ({ message }) => {
    children.delete(child);
    giveUp(`${program} cannot be started (${message}); install it, or name a Redis elsewhere by REDIS_HOST`);
  });
  child.once("exit", (code, signal) => {
    children.delete(child);
    if (isEnding) return;
    const quick = Date.now() - started < 2000 ? quickEnds + 1 : 0;
    if (quick === 5)
      return giveUp(`${program} ${parameters[0]} ended at once (${signal ?? code}), five times`);
    console.log(`${program} ${parameters[0]} ended (${signal ?? code}), and is started again`);
    setTimeout(keepRunning, 500, program, parameters, quick);
  });
}

function giveUp(why) {
  if (isEnding) return;
  console.error(why);
  void end(1);
}

/** The folder of the Redis that answers already, "unknown" if it does not say, and undefined if nothing answers. */
async function folderOfRedis() {
  const once = { lazyConnect: true, connectTimeout: 2000, retryStrategy: null, maxRetriesPerRequest: 0 };
  const redis = new Redis({ ...connection, ...once, commandTimeout: 2000, enableReadyCheck: false });
  let code;
  redis.on("error", (error) => {
    code = error.code;
  });
  const answer = await redis.config("GET", "dir").catch(() => []);
  redis.disconnect();
  return answer[1] ?? (code === "ECONNREFUSED" ? undefined : "unknown");
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
  const other = await folderOfRedis();
  // Every command is on the disk before it is answered, so that nothing is lost when Redis is killed.
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const parameters = ["--port", `${connection.port}`, "--dir", folder, "--loglevel", "warning", ...durable];
  if (other === undefined) keepRunning("redis-server", parameters);
  // One that an earlier start has left, since it was killed, has these settings.
  else if (other !== realpathSync(folder)) {
    console.error(
      `Port ${connection.port} is taken. Choose another by REDIS_PORT, or use what is there by REDIS_HOST=${connection.host}, if that is a Redis: jobs are then as durable as its own settings make them.`,
    );
    process.exit(1);
  }
}
for (let i = 0; i < Number(process.env.WORKERS ?? 1); i++) keepRunning(process.execPath, ["worker.js"]);

const queue = new Queue(queueName, { connection });
queue.on("error", ({ code, message }) => code ?? console.error(message));
// What failed before may have been mended: it is added again, if it is still there.
for (const job of await failedJobs(queue, input, output)) await job.remove();
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
  const { waiting, active, delayed } = await queue.getJobCounts("waiting", "active", "delayed");
  const seconds = Math.round((Date.now() - start) / 1000);
  console.log(
    `${seconds} s: ${waiting} waiting${isAdded ? "" : " and more to come"}, ${active} under way, ${delayed} to be tried again`,
  );
  if (isAdded && waiting + active + delayed === 0) break;
}
await removeParts(output);
const failed = await failedJobs(queue, input, output);
console.log(`${(await adding) - failed.length} pictures done, ${failed.length} failed`);
for (const { data, failedReason } of failed) console.log(`${data.input}: ${failedReason}`);
await end(failed.length > 0 ? 1 : 0);
