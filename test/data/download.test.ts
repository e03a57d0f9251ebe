import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { downloadCommand } from "../../src/cli/download.ts";
import { type DownloadOptions, type DownloadProgress, downloadFiles } from "../../src/data/download.node.ts";
import { DataError, OutputError } from "../../src/errors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";

const random = new Random(3, Purpose.order);
const content = Uint8Array.from({ length: 5000 }, () => random.bits());
const packed = gzipSync(content);
const other = gzipSync(content.toReversed());
const half = packed.subarray(0, packed.length >> 1);
const file = {
  name: "thing",
  bytes: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** What mirrors do; a mirror's address is the server's and one of these names. */
const behaviours: Record<string, Handler> = {
  good(request, response) {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start >= packed.length) return void response.writeHead(416).end();
    const body = packed.subarray(start);
    response.writeHead(start ? 206 : 200, { "content-length": body.length }).end(body);
  },
  whole: (_, response) => void response.end(packed),
  wrong: (_, response) => void response.end(other),
  html: (_, response) => void response.end("<html>Log in to this network first</html>"),
  missing: (_, response) => void response.writeHead(404).end("no such file"),
  endless(_, response) {
    const timer = setInterval(() => response.write(other), 1);
    response.on("close", () => clearInterval(timer));
  },
  /** Sends in 25 parts, with pauses of 50 ms: more than a second in all. */
  slow(_, response) {
    let sent = 0;
    const part = Math.ceil(packed.length / 25);
    const timer = setInterval(() => {
      response.write(packed.subarray(sent, sent + part));
      sent += part;
      if (sent < packed.length) return;
      clearInterval(timer);
      response.end();
    }, 50);
  },
  /** Sends half, then nothing more. */
  stuck: (_, response) => void response.writeHead(200, { "content-length": packed.length }).write(half),
  /** Sends half, and breaks the connection once all of that is in the file: what is still on its way may be lost. */
  broken(_, response) {
    response.writeHead(200, { "content-length": packed.length }).write(half);
    const timer = setInterval(async () => {
      const written = await stat(part()).catch(() => undefined);
      if (written?.size === half.length) response.destroy();
    }, 1);
    response.on("close", () => clearInterval(timer));
  },
};

const requests: string[] = [];
const server = createServer((request, response) => {
  const name = request.url!.split("/")[1]!;
  requests.push(`${request.url} ${request.headers.range ?? "all"}`);
  behaviours[name]!(request, response);
});
let origin: string;
let to: string;
const part = () => join(to, "thing.gz.part");

beforeEach(async () => {
  requests.length = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  to = await mkdtemp(join(tmpdir(), "download-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(to, { recursive: true });
});

function download(mirrors: string[], options: DownloadOptions = {}) {
  return downloadFiles([file], { to, mirrors: mirrors.map((name) => `${origin}/${name}`), ...options });
}

/** The folder has the file, right, and nothing else. */
async function expectRight(): Promise<void> {
  expect(await readdir(to)).toEqual(["thing.gz"]);
  expect(packed.equals(await readFile(join(to, "thing.gz")))).toBe(true);
}

describe("downloadFashionMnist", () => {
  it("fetches a file into a new folder, with progress", async () => {
    const seen: DownloadProgress[] = [];
    to = join(to, "a");
    const result = await download(["good"], {
      to: join(to, "b"),
      onProgress: (progress) => seen.push(progress),
    });
    expect(result).toEqual({
      folder: join(to, "b"),
      files: [{ path: join(to, "b", "thing.gz"), mirror: `${origin}/good` }],
    });
    expect(seen.at(-1)).toEqual({ file: "thing.gz", received: packed.length, total: packed.length });
    expect(requests).toEqual(["/good/thing.gz all"]);
    to = join(to, "b");
    await expectRight();
  });

  it.each([
    ["thing.gz", packed],
    ["thing.gz", content],
    ["thing", content],
  ])("keeps %s if right", async (name, bytes) => {
    await writeFile(join(to, name), bytes);
    expect((await download(["good"])).files).toEqual([{ path: join(to, name), mirror: null }]);
    expect(requests).toEqual([]);
  });

  it("replaces a file that is wrong", async () => {
    await writeFile(join(to, "thing.gz"), other);
    await download(["good"]);
    await expectRight();
  });

  it("resumes", async () => {
    await writeFile(part(), half);
    await download(["good"]);
    expect(requests).toEqual([`/good/thing.gz bytes=${half.length}-`]);
    await expectRight();
  });

  it("starts again if the server sends everything", async () => {
    await writeFile(part(), half);
    await download(["whole"]);
    expect(requests).toEqual([`/whole/thing.gz bytes=${half.length}-`]);
    await expectRight();
  });

  it("starts again if the part does not belong to the rest", async () => {
    await writeFile(part(), other.subarray(0, half.length));
    await download(["good"]);
    expect(requests).toEqual([`/good/thing.gz bytes=${half.length}-`, "/good/thing.gz all"]);
    await expectRight();
  });

  it("takes a part that was whole", async () => {
    await writeFile(part(), packed);
    await download(["good"]);
    expect(requests).toEqual([`/good/thing.gz bytes=${packed.length}-`]);
    await expectRight();
  });

  it("starts again if the part is longer than the file", async () => {
    await writeFile(part(), Buffer.concat([packed, half]));
    await download(["good"]);
    expect(requests[0]).toContain(`bytes=${packed.length + half.length}-`);
    expect(requests[1]).toBe("/good/thing.gz all");
    await expectRight();
  });

  it.each(["wrong", "html", "missing", "endless", "broken", "stuck"])(
    "tries the next mirror after one that is %s",
    async (name) => {
      const { files } = await download([name, "good"], { patience: 300 });
      expect(files[0]!.mirror).toBe(`${origin}/good`);
      await expectRight();
    },
  );

  it("resumes at the next mirror what the first one broke off", async () => {
    await download(["broken", "good"]);
    expect(requests).toEqual(["/broken/thing.gz all", `/good/thing.gz bytes=${half.length}-`]);
  });

  it("gives each mirror's reason if all fail, and leaves no bad file", async () => {
    const mirrors = ["wrong", "missing", "html"].map((name) => `${origin}/${name}`);
    mirrors.push("http://127.0.0.1:1", "no address");
    const error = await download([], { mirrors }).catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    const [first, ...lines] = error.message.split("\n");
    expect(first).toBe("thing.gz could not be downloaded:");
    expect(lines[0]).toContain(`${origin}/wrong: the content is wrong`);
    expect(lines[1]).toContain(`${origin}/missing: HTTP 404`);
    expect(lines[2]).toContain(`${origin}/html: the content is wrong`);
    expect(lines[3]).toMatch(/127\.0\.0\.1:1: .+/);
    expect(lines[4]).toMatch(/no address: .*URL/);
    expect(await readdir(to)).toEqual([]);
  });

  it("says when a mirror was silent", async () => {
    await expect(download(["stuck"], { patience: 100 })).rejects.toThrow("silent for 0.1 s");
  });

  it("is patient with a mirror that is slow", async () => {
    await download(["slow"], { patience: 1000 });
    await expectRight();
  });

  it("stops when aborted, tries no other mirror, and resumes later", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const running = download(["stuck", "good"], {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    expect(requests).toEqual(["/stuck/thing.gz all"]);
    expect(half.equals(await readFile(part()))).toBe(true);
    await download(["good"]);
    expect(requests[1]).toBe(`/good/thing.gz bytes=${half.length}-`);
    await expectRight();
  });

  it("does nothing if aborted before", async () => {
    const signal = AbortSignal.abort();
    await writeFile(join(to, "thing.gz"), packed);
    await expect(download(["good"], { signal })).rejects.toBe(signal.reason);
    expect(requests).toEqual([]);
  });

  it("says when the folder cannot be written, and tries no other mirror", async () => {
    await writeFile(join(to, "file"), "");
    await expect(download(["good"], { to: join(to, "file") })).rejects.toThrow(OutputError);
    await mkdir(part());
    await expect(download(["good", "good"])).rejects.toThrow(OutputError);
    expect(requests).toHaveLength(1);
  });

  it("takes mirrors from the environment", async () => {
    vi.stubEnv("FASHION_MNIST_MIRRORS", ` ${origin}/missing, ${origin}/good/ ,`);
    await downloadFiles([file], { to });
    expect(requests).toEqual(["/missing/thing.gz all", "/good/thing.gz all"]);
  });
});

describe("denoise-wasm download", () => {
  it("passes its options on and throws what went wrong", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const mirrors = [`${origin}/missing`, `${origin}/html`];
    const error = await downloadCommand()
      .parseAsync(["--out", to, "--mirror", ...mirrors], { from: "user" })
      .catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect(requests).toEqual([
      "/missing/train-images-idx3-ubyte.gz all",
      "/html/train-images-idx3-ubyte.gz all",
    ]);
  });

  describe("with a download that succeeds", () => {
    const result = { folder: "/somewhere", files: [{ path: "/somewhere/thing.gz", mirror: "m" }] };

    async function output(...options: string[]): Promise<{ out: unknown[][]; progress: unknown[][] }> {
      vi.resetModules();
      vi.doMock("../../src/data/download.node.ts", () => ({
        async downloadFashionMnist({ onProgress }: DownloadOptions) {
          for (let received = 0; received <= 2e6; received += 5e4) {
            onProgress?.({ file: "thing.gz", received, total: 2e6 });
          }
          return result;
        },
      }));
      const out = vi.spyOn(console, "log").mockReturnValue();
      const progress = vi.spyOn(console, "error").mockReturnValue();
      const { isTTY } = process.stderr;
      process.stderr.isTTY = false;
      try {
        const { downloadCommand } = await import("../../src/cli/download.ts");
        await downloadCommand().parseAsync(options, { from: "user" });
      } finally {
        process.stderr.isTTY = isTTY;
        vi.doUnmock("../../src/data/download.node.ts");
      }
      return { out: out.mock.calls, progress: progress.mock.calls };
    }

    it("prints a line for each tenth", async () => {
      const { out, progress } = await output();
      expect(progress.map(([line]) => line)).toEqual(
        Array.from({ length: 11 }, (_, tenth) => `thing.gz: ${tenth * 10} % of 2.0 MB`),
      );
      expect(out).toEqual([["Fashion-MNIST is complete in /somewhere"]]);
    });

    it("prints JSON and nothing else", async () => {
      const { out, progress } = await output("--json");
      expect(out).toHaveLength(1);
      expect(JSON.parse(String(out[0]![0]))).toEqual(result);
      expect(progress).toEqual([]);
    });
  });
});
