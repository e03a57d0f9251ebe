/**
 * examples/queue on a real Redis, with the package as npm packs it: workers and Redis are killed while it runs, and each picture is
 * denoised all the same, and rightly.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { denoisePng } from "../../src/png.ts";
import { install, pack } from "../support/example-runs.ts";
import { noisyPictures } from "../support/noisy-pictures.ts";

const timeout = 240_000;
const count = 100;
const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const skipped = process.env.SKIP_EXAMPLES === "1";
const title = skipped
  ? "the examples: queue (skipped: SKIP_EXAMPLES is 1)"
  : `examples/queue${hasRedis ? "" : " (skipped: redis-server is not installed)"}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

describe.skipIf(skipped || !hasRedis)(title, () => {
  let folder: string;
  let project: string;
  /** What a denoiser makes of each picture. */
  let expected: Uint8Array[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-queue-"));
    project = await install("examples/queue", folder, await pack(folder));
    const pictures = await noisyPictures(count, 25);
    await mkdir(join(folder, "noisy", "inner"), { recursive: true });
    const denoiser = await createDenoiser();
    expected = [];
    for (const [i, { png }] of pictures.entries()) {
      await writeFile(join(folder, "noisy", i % 2 ? "inner" : "", `${i}.png`), png);
      expected.push(await denoisePng(denoiser, png));
    }
    denoiser.dispose();
    await writeFile(join(folder, "noisy", "broken.png"), pictures[0]!.png.subarray(0, 200));
  }, timeout);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    "loses nothing where workers and Redis are killed, and lists what failed for good",
    async () => {
      const environment = {
        ...process.env,
        REDIS_PORT: `${await freePort()}`,
        REDIS_FOLDER: join(folder, "redis"),
        LOCK_DURATION: "1500",
        WORKERS: "2",
        CONCURRENCY: "1",
      };
      // What a worker leaves that is killed while it writes.
      await mkdir(join(folder, "clean"));
      await writeFile(join(folder, "clean", "7.png.12345.part"), "the beginning of");
      const child = spawn(process.execPath, ["start.js", join(folder, "noisy"), join(folder, "clean")], {
        cwd: project,
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const ended = once(child, "close");
      onTestFinished(() => void child.kill("SIGTERM"));
      let printed = "";
      const read = (data: Buffer) => {
        printed += data;
      };
      child.stdout!.on("data", read);
      child.stderr!.on("data", read);
      const results = async () => {
        const names = await readdir(join(folder, "clean"), { recursive: true }).catch(() => []);
        return names.filter((name) => name.endsWith(".png"));
      };
      // Whenever so many pictures more are done, one of them dies.
      for (const [done, victim] of [
        [10, "worker.js"],
        [30, "redis-server"],
        [50, "worker.js"],
      ] as const) {
        while ((await results()).length < done) {
          expect(child.exitCode).toBe(null);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const pids = execFileSync("pgrep", ["-P", `${child.pid}`, "-f", victim], { encoding: "utf8" });
        process.kill(Number(pids.split("\n")[0]), "SIGKILL");
      }
      const [code] = await ended;
      expect(printed.match(/ended \(SIGKILL\), and is started again/g)?.length).toBe(3);
      expect(code).toBe(1);
      expect(printed).toContain(`${count} pictures done, 1 failed`);
      expect(printed).toMatch(/noisy\/broken\.png: .*cut short/);

      const names = await readdir(join(folder, "clean"), { recursive: true });
      expect(names.filter((name) => name.endsWith(".part"))).toEqual([]);
      expect((await results()).length).toBe(count);
      for (const [i, bytes] of expected.entries()) {
        const file = await readFile(join(folder, "clean", i % 2 ? "inner" : "", `${i}.png`));
        expect(Buffer.compare(file, bytes)).toBe(0);
      }
    },
    timeout,
  );

  it("gives jobs names that are no numbers, which BullMQ refuses", async () => {
    const { addPictures } = await import(pathToFileURL(join(project, "pictures.js")).href);
    const names: string[] = [];
    const queue = {
      getWaitingCount: async () => 0,
      addBulk: async (jobs: { opts: { jobId: string } }[]) =>
        void names.push(...jobs.map(({ opts: { jobId } }) => jobId)),
    };
    await addPictures(queue, join(folder, "noisy"), join(folder, "nowhere"), {
      jobOptions: {},
      mostWaiting: 1000,
    });
    expect(new Set(names).size).toBe(count + 1);
    expect(names.filter((name) => !/^[a-z]/.test(name))).toEqual([]);
  });

  it("the consumer of a Cloudflare Queue writes each result once, and sends what fails to be tried again", async () => {
    const { default: consumer } = await import(pathToFileURL(join(project, "cloudflare-consumer.js")).href);
    const objects = new Map<string, Uint8Array>();
    const puts: string[] = [];
    const bucket = (put: boolean) => ({
      head: async (key: string) => objects.get(key) ?? null,
      get: async (key: string) => {
        if (key === "none.png") return null;
        const bytes = await readFile(join(folder, "noisy", key));
        return { arrayBuffer: async () => Uint8Array.from(bytes).buffer };
      },
      put: async (key: string, bytes: Uint8Array) => {
        expect(put).toBe(true);
        puts.push(key);
        objects.set(key, bytes);
      },
    });
    const outcomes: string[] = [];
    const messages = ["0.png", "0.png", "broken.png", "none.png"].map((body) => ({
      body,
      ack: () => outcomes.push(`${body} done`),
      retry: () => outcomes.push(`${body} again`),
    }));
    await consumer.queue({ messages }, { PICTURES: bucket(false), CLEAN: bucket(true) });
    expect(outcomes).toEqual(["0.png done", "0.png done", "broken.png again", "none.png again"]);
    expect(puts).toEqual(["0.png"]);
    expect(Buffer.compare(objects.get("0.png")!, expected[0]!)).toBe(0);
  });
});
