/** The lock of a run folder: one process at a time, and what killed processes have left is no hindrance. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withRunFolder } from "../../src/cli/run-lock.ts";
import { OutputError } from "../../src/errors.ts";

let parent: string;
let folder: string;
let lock: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "denoise-wasm-lock-"));
  folder = join(parent, "run");
  lock = join(folder, "run.lock");
});
afterEach(() => rm(parent, { recursive: true }));

const list = () => readdir(folder);
const write = (name: string) => writeFile(join(folder, name), "content");
const inside = () => withRunFolder(folder, async () => "in");

it("a run folder is created, is one process's while it works, and is removed if nothing is left in it", async () => {
  const held = withRunFolder(folder, async () => {
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    await expect(inside()).rejects.toThrow(OutputError);
    await expect(inside()).rejects.toThrow(
      `${folder} is in use by process ${process.pid}. Wait until it has ended or choose another folder; if there`,
    );
    await write("result");
    return "done";
  });
  expect(await held).toBe("done");
  expect(await list()).toEqual(["result"]);
  expect(await inside()).toBe("in");
  await rm(join(folder, "result"));
  await expect(withRunFolder(folder, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(existsSync(folder)).toBe(false);
});

it("temporary files are removed at the start and at the end, and no other files", async () => {
  await withRunFolder(folder, async () => {
    await write("checkpoint.safetensors.0123abcd.tmp");
    await write("notes.tmp");
  });
  expect(await list()).toEqual(["notes.tmp"]);
  await write("checkpoint.safetensors.89abcdef.tmp");
  await withRunFolder(folder, async () => expect((await list()).sort()).toEqual(["notes.tmp", "run.lock"]));
});

describe("a lock is taken over", () => {
  const ended = () => spawnSync(process.execPath, ["-e", ""]).pid;
  const holder = (pid: number, began = "", host = hostname()) => `${JSON.stringify({ pid, host, began })}\n`;

  beforeEach(async () => {
    await withRunFolder(folder, () => write("checkpoint.safetensors"));
  });

  it("of a process that has ended", async () => {
    await writeFile(lock, holder(ended()));
    expect(await inside()).toBe("in");
    expect(existsSync(lock)).toBe(false);
  });

  it.runIf(process.platform === "linux")("of a process whose number another one has now", async () => {
    await writeFile(lock, holder(process.pid, "1"));
    expect(await inside()).toBe("in");
  });

  it.runIf(process.platform === "linux")(
    "of a process that was killed and that its parent has not asked about",
    async () => {
      // The shell becomes `sleep`, which never asks what has become of the shell's child.
      const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"]);
      const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
      try {
        await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1")).toMatch(/\) Z /);
        await writeFile(lock, holder(pid));
        expect(await inside()).toBe("in");
      } finally {
        parent.kill();
      }
    },
  );

  it.each(["", "{", "null\n", '{"pid":"1"}\n', '{"pid":-1,"host":"x","began":""}\n'])(
    "that says nothing: %j",
    async (text) => {
      await writeFile(lock, text);
      expect(await inside()).toBe("in");
    },
  );

  it("by one only, if many come at once", async () => {
    await writeFile(lock, holder(ended()));
    let [now, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 100));
      now--;
    };
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => withRunFolder(folder, work)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(most).toBe(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason.message).toMatch(/is in use by process/);
  });

  it("never of a process that runs, or that is on another machine", async () => {
    await writeFile(lock, holder(process.ppid));
    await expect(inside()).rejects.toThrow(`in use by process ${process.ppid}.`);
    await writeFile(lock, holder(ended(), "", "else\u001b[2Jwhere"));
    await expect(inside()).rejects.toThrow(
      /in use by process \d+ on else\?\[2Jwhere\. .* remove .*run\.lock/,
    );
    expect((await list()).sort()).toEqual(["checkpoint.safetensors", "run.lock"]);
  });
});
