// What all processes of the example agree on.
export const queueName = "denoise";

/** Where Redis is. Commands wait while it is away, rather than fail. */
export const connection = {
  host: process.env.REDIS_HOST ?? "127.0.0.1",
  port: Number(process.env.REDIS_PORT ?? 6379),
  maxRetriesPerRequest: null,
};

/** After this many milliseconds without a sign of life, a job counts as lost, and another worker takes it. */
export const lockDuration = Number(process.env.LOCK_DURATION ?? 30_000);

/** What becomes of a job: three attempts, after 1, 2 and 4 seconds. Those that fail for good stay in the list of failed jobs. */
export const jobOptions = {
  attempts: 3,
  backoff: { type: "exponential", delay: 1000 },
  removeOnComplete: true,
  removeOnFail: false,
};

/** As many jobs wait in Redis at most; further pictures are added when workers have caught up. */
export const mostWaiting = 1000;
