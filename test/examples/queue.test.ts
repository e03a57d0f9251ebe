/**
 * examples/queue on a real Redis, with the package as npm packs it: workers and Redis are killed while it runs, and each picture is
 * denoised all the same, and rightly.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { denoisePng } from "../../src/png.ts";
import { install, pack } from "../support/example-runs.ts";
import { noisyPictures } from "../support/noisy-pictures.ts";

const timeout = 240_000;
const count = 100;
const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const title = `examples/queue${hasRedis ? "" : " (skipped: redis-server is not installed)"}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

describe.skipIf(!hasRedis)(title, () => {
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

  /** What start.js prints, and its exit code. */
  async function started(pictures: string, results: string, environment: Record<string, string>) {
    const child = spawn(process.execPath, ["start.js", pictures, results], {
      cwd: project,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGTERM"));
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        printed += data;
      });
    const [code] = await once(child, "close");
    return { code, printed };
  }

  it(
    "what failed in another folder counts for nothing, nor do results within the folder; photographs are large",
    async () => {
      const environment = { REDIS_PORT: `${await freePort()}`, REDIS_FOLDER: join(folder, "other redis") };
      const run = (pictures: string, results: string) =>
        started(join(folder, pictures), join(folder, results), environment);
      await mkdir(join(folder, "bad"));
      await writeFile(join(folder, "bad", "broken.png"), "no picture");
      const bad = await run("bad", "from bad");
      expect(bad.printed).toMatch(/0 pictures done, 1 failed\n.*bad\/broken\.png: /);
      expect(bad.code).toBe(1);

      // Nothing is to be found in it, so that it does not take long.
      const [width, height] = [2100, 2000];
      const png = await encodePng({
        data: new Uint8Array(width * height).fill(99),
        width,
        height,
        channels: 1,
      });
      await mkdir(join(folder, "good"));
      await writeFile(join(folder, "good", "photograph.png"), png);
      const good = await run("good", "good/clean");
      expect(good.printed).toContain("1 pictures done, 0 failed");
      expect(good.code).toBe(0);
      expect((await run("good", "good/clean")).printed).toContain("0 pictures done, 0 failed");

      await rm(join(folder, "bad", "broken.png"));
      expect(await run("bad", "from bad")).toMatchObject({
        code: 0,
        printed: expect.stringContaining("0 pictures done, 0 failed"),
      });
    },
    timeout,
  );

  it(
    "ends with what to do where the folders are one, the port is taken, or Redis does not start",
    async () => {
      const [noisy, clean] = [join(folder, "noisy"), join(folder, "never")];
      expect(await started(noisy, join(noisy, "inner", ".."), {})).toMatchObject({
        code: 2,
        printed: expect.stringMatching(/is the folder of the pictures; name another/),
      });
      const other = createServer((socket) => socket.end("220 no Redis\r\n")).listen(0, "127.0.0.1");
      onTestFinished(() => void other.close());
      await once(other, "listening");
      const { port } = other.address() as { port: number };
      const REDIS_FOLDER = join(folder, "third redis");
      expect(await started(noisy, clean, { REDIS_PORT: `${port}`, REDIS_FOLDER })).toMatchObject({
        code: 1,
        printed: expect.stringMatching(/^Port \d+ is taken\. Choose another by REDIS_PORT/),
      });
      const programs = join(folder, "programs");
      await mkdir(programs);
      const environment = { REDIS_PORT: `${await freePort()}`, REDIS_FOLDER, PATH: programs };
      expect(await started(noisy, clean, environment)).toMatchObject({
        code: 1,
        printed:
          "redis-server cannot be started (spawn redis-server ENOENT); install it, or name a Redis elsewhere by REDIS_HOST\n",
      });
      await writeFile(join(programs, "redis-server"), "#!/bin/sh\nexit 3\n");
      await chmod(join(programs, "redis-server"), 0o755);
      const { code, printed } = await started(noisy, clean, environment);
      expect(code).toBe(1);
      expect(printed.match(/is started again/g)?.length).toBe(4);
      expect(printed).toMatch(/redis-server --port ended at once \(3\), five times/);
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
    // What its producer does.
    const sent: string[] = [];
    const request = new Request("http://host/a%20b.png", {
      method: "PUT",
      body: Uint8Array.from(expected[0]!),
    });
    const environment = { PICTURES: bucket(true), QUEUE: { send: async (key: string) => sent.push(key) } };
    expect((await consumer.fetch(request, environment)).status).toBe(202);
    expect([puts, sent]).toEqual([["0.png", "a b.png"], ["a b.png"]]);
    expect(Buffer.compare(objects.get("0.png")!, expected[0]!)).toBe(0);
  });
});
