/**
 * A folder of pictures through examples/queue, whose workers and whose Redis are killed meanwhile, beside the plain command:
 *
 *     node bench/run.js queue [--count 10000] [--width 128] [--height 96] [--folder FOLDER]
 *
 * The pictures are parts of those in data/photographs with Gaussian noise, as PNG files. Every 20 seconds a worker is killed, and Redis
 * when a third and when two thirds of the results are there. Each result has to be the plain command's, to the byte. With
 * --folder, all files stay there.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { encodePng } from "../src/pictures/png-encode.ts";
import { install, pack } from "../test/support/example-runs.ts";
import { gaussian, noisyOf } from "./noise-kinds.ts";
import { addTable, provenance } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    count: { type: "string", default: "10000" },
    width: { type: "string", default: "128" },
    height: { type: "string", default: "96" },
    folder: { type: "string" },
  },
});
const [count, width, height] = [Number(options.count), Number(options.width), Number(options.height)];
const KILL_EVERY = 20_000;
const REDIS_PORT = "16399";

provenance();
const folder = options.folder ?? mkdtempSync(join(tmpdir(), "denoise-wasm-queue-"));
const [noisy, plain, queued] = ["noisy", "plain", "queued"].map((name) => join(folder, name));
try {
  await writePictures(noisy!);
  const project = await install("examples/queue", folder, await pack(folder));
  const seconds = await denoisePlainly(project);
  const run = await denoiseQueued(project);
  const isSame = (name: string) => readFileSync(join(plain!, name)).equals(readFileSync(join(queued!, name)));
  const names = readdirSync(queued!);
  const right = readdirSync(plain!).filter((name) => names.includes(name) && isSame(name)).length;
  const row = (name: string, seconds: number) => ({
    name,
    seconds: Math.round(seconds),
    "pictures an hour": Math.round((count / seconds) * 3600),
  });
  const nothing = Object.fromEntries(Object.keys(run.events).map((event) => [event, ""]));
  addTable(`${count} pictures of ${width}×${height}, PNG, noisy, in colour`, [
    { ...row("the command, all cores", seconds), right: readdirSync(plain!).length, ...nothing },
    { ...row("the queue, 2 workers", run.seconds), right, ...run.events },
  ]);
  if (names.length !== count || right !== count) {
    throw new Error(
      `${names.length} files and ${right} right results of ${count}; what it printed:\n${run.printed}`,
    );
  }
} finally {
  if (!options.folder) rmSync(folder, { recursive: true, force: true });
}

async function writePictures(to: string): Promise<void> {
  const photos = await readPhotos("data/photographs");
  mkdirSync(to, { recursive: true });
  for (let i = 0; i < count; i++) {
    const photo = photos[i % photos.length]!;
    const random = new Random(1, Purpose.augmentation, i);
    const [left, top] = [photo.width - width, photo.height - height].map((room) =>
      Math.floor(random.uniform() * (room + 1)),
    ) as [number, number];
    const data = new Uint8Array(width * height * photo.channels);
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * photo.width + left) * photo.channels;
      data.set(photo.data.subarray(from, from + width * photo.channels), y * width * photo.channels);
    }
    const { data: values } = noisyOf(
      { ...photo, data, width, height },
      gaussian(10 + 30 * random.uniform()),
      i,
    );
    const bytes = Uint8ClampedArray.from(values);
    writeFileSync(
      join(to, `${String(i).padStart(6, "0")}.png`),
      await encodePng({ ...photo, data: bytes, width, height }),
    );
  }
}

/** @returns how many seconds it took */
async function denoisePlainly(project: string): Promise<number> {
  const begin = performance.now();
  const child = spawn("npx", ["denoise-wasm", "denoise", noisy!, "-o", plain!], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the command ended with exit code ${code}`);
  return (performance.now() - begin) / 1000;
}

async function denoiseQueued(project: string) {
  const begin = performance.now();
  const child = spawn(process.execPath, ["start.js", noisy!, queued!], {
    cwd: project,
    env: { ...process.env, REDIS_PORT, WORKERS: "2", CONCURRENCY: "1", LOCK_DURATION: "5000" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => {
      printed += data;
    });
  const kill = (victim: string, which: number) => {
    const { stdout } = spawnSync("pgrep", ["-P", `${child.pid}`, "-f", victim], { encoding: "utf8" });
    const ids = stdout.trim().split("\n").filter(Boolean);
    if (ids.length > 0) process.kill(Number(ids[which % ids.length]), "SIGKILL");
    return ids.length > 0;
  };
  let [workers, servers] = [0, 0];
  const killingWorkers = setInterval(() => {
    if (kill("worker.js", workers)) workers++;
  }, KILL_EVERY);
  const killingServers = setInterval(() => {
    if (servers < 2 && done() >= ((servers + 1) * count) / 3 && kill("redis-server", 0)) servers++;
  }, 1000);
  await once(child, "close");
  for (const timer of [killingWorkers, killingServers]) clearInterval(timer);
  if (servers < 2) throw new Error(`Redis was killed ${servers} times; what the queue printed:\n${printed}`);
  return {
    seconds: (performance.now() - begin) / 1000,
    printed,
    events: {
      "workers killed": workers,
      "Redis killed": servers,
      "jobs tried again": printed.match(/^tried again/gm)?.length ?? 0,
    },
  };
}

function done(): number {
  try {
    return readdirSync(queued!).length;
  } catch {
    return 0;
  }
}
