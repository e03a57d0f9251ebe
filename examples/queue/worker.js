// node worker.js: takes jobs from the queue, as many at a time as there are cores, until it is told to end. Start it on as many machines as
// you like; all have to see the folders of the pictures.
import { availableParallelism } from "node:os";
import { Worker } from "bullmq";
import { connection, lockDuration, queueName } from "./settings.js";

const worker = new Worker(queueName, new URL("./processor.js", import.meta.url), {
  connection,
  concurrency: Number(process.env.CONCURRENCY ?? availableParallelism()),
  lockDuration,
  stalledInterval: lockDuration,
  // A worker that dies is not the picture's fault, unless it always happens with the same one.
  maxStalledCount: 5,
});
worker.on("stalled", (id) => console.log(`tried again: ${id}, whose worker is gone`));
worker.on("failed", (job, { message }) => {
  const isLast = job.finishedOn !== undefined;
  console.log(`${isLast ? "failed" : "tried again"}: ${job.data.input}: ${message}`);
});
// While Redis is away, there is an error for each attempt to reach it.
worker.on("error", ({ code, message }) => code ?? console.error(message));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => worker.close());
// The process that started it is gone.
process.once("disconnect", () => process.exit());
