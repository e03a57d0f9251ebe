/** Runs of `train` that end early, by a signal, a crash or a full disk, and go on with `--resume`. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { loadCheckpoint, saveCheckpoint } from "../../src/node.ts";
import { train } from "../../src/training/trainer.ts";
import { writeDataFolder } from "../support/data-folder.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { smallConvRecipe, smallRecipe } from "../support/pictures.ts";
import { cli, type Result, runCli } from "../support/run-cli.ts";

const size = [12, 12] as const;
/** So many epochs that a signal finds it still in training. */
const recipe = smallRecipe({ size, units: [16, 144], epochs: 5000, batch: 8 });
const complete = [
  "figure.png",
  "index.html",
  "loss.svg",
  "model.safetensors",
  "photographs.png",
  "report.json",
];

let folder: string;
let data: string;
let recipeFile: string;
/** A run without interruption. */
let whole: Awaited<ReturnType<typeof resultsOf>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-resume-"));
  data = join(folder, "data");
  await writeDataFolder(data, size);
  recipeFile = join(folder, "recipe.json");
  await writeFile(recipeFile, JSON.stringify(recipe));
  expect((await begin("whole")).code).toBe(0);
  whole = await resultsOf("whole");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inFolder = (name: string) => join(folder, name);
const checkpointOf = (name: string) => join(folder, name, "checkpoint.safetensors");

const begin = (name: string, more: string[] = [], started?: (child: ChildProcess) => void): Promise<Result> =>
  runCli(
    folder,
    [
      "train",
      "--recipe",
      recipeFile,
      "--data",
      data,
      "--seed",
      "7",
      "--out",
      name,
      "--threads",
      "1",
      ...more,
    ],
    started,
  );

const goOn = (name: string, more: string[] = [], started?: (child: ChildProcess) => void): Promise<Result> =>
  runCli(folder, ["train", "--resume", name, ...more], started);

/** Sends a signal when the process has told of an epoch, and at once again, as npm does. */
const killIn = (epoch: number, signal: NodeJS.Signals) => (child: ChildProcess) => {
  let text = "";
  const listen = (chunk: unknown) => {
    text += chunk;
    if (!text.includes(`epoch ${epoch}/`)) return;
    child.stderr!.off("data", listen);
    child.kill(signal);
    setImmediate(() => child.kill(signal));
  };
  child.stderr!.on("data", listen);
};

/** What must not depend on interruptions. */
async function resultsOf(name: string) {
  const model = await readFile(join(folder, name, "model.safetensors"));
  const report = JSON.parse(await readFile(join(folder, name, "report.json"), "utf8"));
  const losses = report.epochs.map(({ number, loss }: { number: number; loss: number }) => [number, loss]);
  return { model: model.toString("base64"), losses, test: report.test, seed: report.seed, mode: report.mode };
}

async function expectComplete(name: string): Promise<void> {
  expect((await readdir(inFolder(name))).sort()).toEqual(complete);
  expect(await resultsOf(name)).toEqual(whole);
}

describe("a run that is interrupted", () => {
  it("says how to go on, and goes on to the same model and losses, however often", async () => {
    const first = await begin("often", ["--threads", "1"], killIn(20, "SIGINT"));
    expect([first.code, first.stdout]).toEqual([130, ""]);
    expect(first.stderr).toMatch(/Interrupted; go on with: denoise-wasm train --resume often\n$/);
    expect(await readdir(inFolder("often"))).toEqual(["checkpoint.safetensors"]);
    const { epochs, position, seed, data: from } = await loadCheckpoint(checkpointOf("often"));
    expect(epochs.length).toBeGreaterThanOrEqual(20);
    expect(position.epoch).toBe(epochs.length + 1);
    expect([seed, from.source]).toEqual([7, data]);

    const next = epochs.length + 20;
    const second = await goOn("often", ["--threads", "2"], killIn(next, "SIGTERM"));
    expect([second.code, second.stdout]).toEqual([143, ""]);
    expect(second.stderr).toContain(
      `Going on with small on 20 images (${data}), seed 7, ${epochs.length} of 5000`,
    );
    expect(second.stderr).not.toContain(`epoch ${epochs.length}/`);
    expect((await loadCheckpoint(checkpointOf("often"))).epochs.length).toBeGreaterThanOrEqual(next);

    const third = await goOn("often", ["--json"]);
    expect(third.code).toBe(0);
    const report = JSON.parse(third.stdout);
    expect(report.epochs).toHaveLength(5000);
    const seconds = report.epochs.reduce((sum: number, epoch: { seconds: number }) => sum + epoch.seconds, 0);
    expect(report.seconds).toBe(seconds);
    expect(report.epochs.slice(0, epochs.length)).toEqual(epochs);
    await expectComplete("often");
  });

  it("of convolutions goes on to the same model", async () => {
    const file = inFolder("conv.json");
    await writeFile(file, JSON.stringify(smallConvRecipe({ size, epochs: 300, batch: 8 })));
    expect((await begin("conv-whole", ["--recipe", file])).code).toBe(0);
    expect((await begin("conv", ["--recipe", file], killIn(20, "SIGINT"))).code).toBe(130);
    expect((await goOn("conv")).code).toBe(0);
    expect(await resultsOf("conv")).toEqual(await resultsOf("conv-whole"));
  });

  it("by a crash goes on from the last of its regular checkpoints", async () => {
    const crash = (child: ChildProcess) => {
      const timer = setInterval(() => {
        if (existsSync(checkpointOf("crashed"))) child.kill("SIGKILL");
      }, 5);
      child.on("exit", () => clearInterval(timer));
    };
    const { code } = await begin("crashed", ["--checkpoint-every", "0.0001"], crash);
    expect(code).toBe(null);
    const { epochs } = await loadCheckpoint(checkpointOf("crashed"));
    expect(epochs.length).toBeLessThan(5000);
    // The crash has left its lock, and it may have left the temporary file of the next checkpoint.
    expect(await readdir(inFolder("crashed"))).toContain("run.lock");
    await writeFile(`${checkpointOf("crashed")}.01234567.tmp`, "half a checkpoint");
    expect((await goOn("crashed")).code).toBe(0);
    await expectComplete("crashed");
  });

  // `script` of util-linux gives the command a terminal, and closes it when it is killed itself.
  it.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))(
    "by its terminal, which was closed, leaves a checkpoint",
    async () => {
      const command = `"${process.execPath}" "${cli}" train --recipe "${recipeFile}" --data "${data}" --seed 7 --out closed --threads 1`;
      const terminal = spawn("script", ["-qec", `exec ${command}`, "/dev/null"], { cwd: folder });
      let text = "";
      await new Promise<void>((resolve) => {
        terminal.stdout.on("data", (chunk) => {
          text += chunk;
          if (/epoch [1-9]/.test(text)) resolve();
        });
      });
      terminal.kill("SIGKILL");
      await expect
        .poll(() => readdir(inFolder("closed")), { timeout: 20_000 })
        .toEqual(["checkpoint.safetensors"]);
      expect((await goOn("closed")).code).toBe(0);
      await expectComplete("closed");
    },
  );

  it("is not overwritten by a second process, and a run without a checkpoint is not either", async () => {
    const others: Promise<Result>[] = [];
    const first = await begin("busy", ["--checkpoint-every", "0.0001"], (child) => {
      child.stderr!.on("data", () => {
        if (others.length > 0 || !existsSync(checkpointOf("busy"))) return;
        others.push(begin("busy", ["--force"]), goOn("busy"));
      });
    });
    expect(first.code).toBe(0);
    for (const { code, stderr } of await Promise.all(others)) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^OutputError: busy is in use by process \d+\. Wait until it has ended/);
    }
    expect(others).toHaveLength(2);
    await expectComplete("busy");
  });

  it("is not overwritten by a new one, which a complete run is", async () => {
    expect((await begin("kept", [], killIn(5, "SIGINT"))).code).toBe(130);
    const bytes = await readFile(checkpointOf("kept"));
    const { code, stderr } = await begin("kept");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^OutputError: kept holds an interrupted run: go on with: .* --resume kept; or choose another folder, or give --force to write over it\.\n$/,
    );
    expect((await readFile(checkpointOf("kept"))).equals(bytes)).toBe(true);
    expect((await begin("kept", ["--force"])).code).toBe(0);
    const again = await begin("kept", ["--epochs", "2"]);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/^OutputError: kept holds a run, .*--force/),
    ]);
    expect((await resultsOf("kept")).losses).toEqual(whole.losses);
    expect((await begin("kept", ["--epochs", "2", "--force"])).code).toBe(0);
    expect((await readdir(inFolder("kept"))).sort()).toEqual(complete);
    expect((await resultsOf("kept")).losses).toEqual(whole.losses.slice(0, 2));
  });
});

it.runIf(process.platform !== "win32")("a run whose output is read by `head` is completed", async () => {
  // A pipe of a shell: those that Node makes are sockets, whose errors differ.
  const command = `"${process.execPath}" "${cli}" train --recipe "${recipeFile}" --data "${data}" --seed 7 --out unread --threads 1`;
  const { stdout } = spawnSync("sh", ["-c", `${command} 2>&1 | head -n 3`], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stdout).toMatch(/^Training small .*\nepoch 1\/5000 .*\nepoch 2\/5000 .*\n$/);
  await expectComplete("unread");
});

describe("a run that cannot be written", () => {
  it.runIf(process.platform !== "win32")(
    "for want of space ends with an error and keeps its checkpoint",
    async () => {
      expect((await begin("full", [], killIn(5, "SIGINT"))).code).toBe(130);
      const bytes = await readFile(checkpointOf("full"));
      // A limit on the size of files stands in for a full disk: the write fails after its first kilobytes.
      const { status, stdout, stderr } = spawnSync(
        "sh",
        [
          ...["-c", 'ulimit -f 16 && exec "$0" "$@"', process.execPath, cli],
          ...["train", "--resume", "full", "--checkpoint-every", "0.0001"],
        ],
        { cwd: folder, encoding: "utf8" },
      );
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/The run folder has a checkpoint; go on with: .* --resume full\n/);
      expect(stderr).toMatch(
        /\nOutputError: Cannot write full.checkpoint\.safetensors: the file would be larger than allowed here.*\n$/,
      );
      expect(await readdir(inFolder("full"))).toEqual(["checkpoint.safetensors"]);
      expect((await readFile(checkpointOf("full"))).equals(bytes)).toBe(true);
      expect((await goOn("full")).code).toBe(0);
      await expectComplete("full");
    },
  );

  it("when it has been trained is completed without being trained again", async () => {
    await mkdir(join(folder, "blocked", "figure.png"), { recursive: true });
    const { code, stderr } = await begin("blocked", ["--force"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/go on with: .* --resume blocked\nOutputError: Cannot write blocked.figure\.png/);
    await rmdir(join(folder, "blocked", "figure.png"));
    const again = await goOn("blocked");
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/5000 of 5000 epochs done\.\n$/);
    await expectComplete("blocked");
  });
});

describe("--resume refuses, and keeps the checkpoint:", () => {
  let bytes: Buffer;
  beforeAll(async () => {
    expect((await begin("refused", [], killIn(5, "SIGINT"))).code).toBe(130);
    bytes = await readFile(checkpointOf("refused"));
  });

  async function expectRefusal(more: string[], code: number, words: RegExp): Promise<void> {
    const result = await goOn("refused", more);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(result.stderr).toMatch(words);
    expect(await readdir(inFolder("refused"))).toEqual(["checkpoint.safetensors"]);
    expect((await readFile(checkpointOf("refused"))).equals(bytes)).toBe(true);
  }

  it.each([
    [["--recipe", "fashion-conv"]],
    [["--epochs", "5000"]],
    [["--lr", "1"]],
    [["--layers", "144"]],
    [["--sigma", "1"]],
    [["--seed", "7"]],
    [["--mode", "reproducible"]],
    [["--out", "elsewhere"]],
    [["--profile"]],
  ])("%j beside it, which the checkpoint says", async (more) => {
    await expectRefusal(
      more,
      2,
      new RegExp(`'--resume <run>' cannot be used with option '(-o, )?${more[0]}`),
    );
    expect(existsSync(inFolder("elsewhere"))).toBe(false);
  });

  it("other data, and none", async () => {
    const other = inFolder("other-data");
    const dark = new Uint8Array(20 * 144);
    await writeDataFolder(other, size, { trainImages: idxBytes([20, ...size], dark) });
    await expectRefusal(
      ["--data", other],
      1,
      /^DataError: This training began on Fashion-MNIST .*Give it the data/,
    );
    await expectRefusal(["--data", "nowhere"], 1, /^DataError: .*nowhere cannot be read/);
  });

  it.each([
    ["0", /--checkpoint-every is 0; it has to be above 0 minutes/],
    ["-1", /--checkpoint-every is -1/],
    ["often", /--checkpoint-every has to be a number, but is "often"/],
  ])("--checkpoint-every %s", async (minutes, words) => {
    await expectRefusal(["--checkpoint-every", minutes], 1, words);
  });

  it("a broken checkpoint", async () => {
    await mkdir(inFolder("broken"));
    await writeFile(checkpointOf("broken"), bytes.subarray(0, -100));
    const { code, stdout, stderr } = await goOn("broken");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^ModelFileError: broken.checkpoint\.safetensors: .*copy, download or export it again\.\n$/,
    );
    expect((await readFile(checkpointOf("broken"))).equals(bytes.subarray(0, -100))).toBe(true);
  });

  it("a folder without a checkpoint: of a complete run, an empty one, and none", async () => {
    for (const name of ["whole", "data", "nowhere"]) {
      const { code, stderr } = await goOn(name);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(`^ModelFileError: ${name} holds no checkpoint\\.safetensors: .*Name the folder`),
      );
    }
    expect(existsSync(inFolder("nowhere"))).toBe(false);
    await expectComplete("whole");
  });
});

it("a checkpoint from elsewhere goes on with the data that --data names", async () => {
  const training = train(recipe, await loadFashionMnistFrom(data, { source: "your files" }), { seed: 7 });
  await training.next();
  await training.return();
  await mkdir(inFolder("elsewhere"));
  await saveCheckpoint(training.checkpoint(), checkpointOf("elsewhere"));
  const { code, stderr } = await goOn("elsewhere");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^DataError: The run had its data from "your files".* --data DIR\.\n$/);
  expect((await goOn("elsewhere", ["--data", data])).code).toBe(0);
  await expectComplete("elsewhere");
});
