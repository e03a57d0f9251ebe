/** Checkpoints of a training in the page: Node's bytes, and goings-on from them. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { recipes } from "../../src/training/recipes.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { networkFor, TrainingState } from "../../src/training/training-state.ts";
import { ended, message, openPage, restingCheckpoint, saved, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

/** So many that the page is told to pause before the last. */
const EPOCHS = 20;

describePage("the page's checkpoints", (at) => {
  it("saves a checkpoint, Node's bytes, and goes on from it after a reload to the uninterrupted model", async () => {
    const recipe = { ...recipes["fashion-autoencoder"], epochs: EPOCHS };
    const folder = fileURLToPath(new URL("../../data", import.meta.url));
    const data = await loadFashionMnistFrom(folder, { source: "embedded sample" });
    const whole = train(recipe, data, { seed: 3, threads: 1 });
    await whole.next();
    const early = whole.checkpoint();
    const expected = Buffer.from(encodeModel(await whole.model()));

    await using opened = await openPage(at.browser, at.url, "train");
    const { page, faults } = opened;
    expect(await page.isDisabled("#save-checkpoint")).toBe(true);
    await page.selectOption("#recipe", "fashion-autoencoder");
    await page.fill("#epochs", `${EPOCHS}`);
    await page.fill("#seed", "3");
    await page.fill("#threads", "2");
    await page.click("#start");
    expect(await page.isDisabled("#load-checkpoint")).toBe(true);
    await page.waitForFunction(
      () => Number.parseInt(document.getElementById("status-epoch")!.textContent!, 10) >= 3,
    );
    let file: { name: string; bytes: Buffer };
    let checkpoint: Checkpoint;
    do {
      // Until a pause begins within an epoch, and not after its end.
      await page.click("#pause");
      file = await restingCheckpoint(page);
      checkpoint = await decodeCheckpoint(file.bytes, file.name);
      if (checkpoint.position.batches === 0) await page.click("#pause");
    } while (checkpoint.position.batches === 0);
    const { position, epochs } = checkpoint;
    expect(file.name).toBe("fashion-autoencoder-seed-3-checkpoint.safetensors");
    await page.click("#stop");
    await ended(page, "stopped");
    const stopped = await saved(page, "save-checkpoint");
    const { tensors } = await decodeCheckpoint(stopped.bytes, stopped.name);
    expect(tensors).toEqual(checkpoint.tensors);

    // Node at the same place: all but the times is the same.
    const network = await networkFor(recipe, data.train.count, 3, { threads: 1 });
    const state = new TrainingState(network, recipe, data.train, 3);
    while (state.epoch < position.epoch) {
      state.step();
      if (state.atEndOfEpoch) state.endEpoch();
    }
    while (state.batches < position.batches) state.step();
    const { epoch, batches, lossSum } = state;
    const here = await encodeCheckpoint({
      ...early,
      position: { epoch, batches, lossSum, seconds: position.seconds },
      epochs: epochs.map(({ number, seconds }) => ({
        number,
        loss: whole.epochs[number - 1]!.loss,
        seconds,
      })),
      tensors: state.tensors(),
    });
    expect(file.bytes.equals(here)).toBe(true);

    await page.reload();
    await page.locator("#train").waitFor();
    expect(await page.isDisabled("#save-checkpoint")).toBe(true);
    await page.setInputFiles("#load-checkpoint", { name: file.name, mimeType: "", buffer: file.bytes });
    await ended(page);
    expect(await text(page, "status-epoch")).toBe(`${EPOCHS} of ${EPOCHS}`);
    expect([await page.inputValue("#epochs"), await page.inputValue("#seed")]).toEqual([`${EPOCHS}`, "3"]);
    expect(await text(page, "status-loss")).toBe(whole.epochs.at(-1)!.loss.toFixed(1));
    expect((await saved(page, "save-model")).bytes.equals(expected)).toBe(true);
    const rest = resume(checkpoint, data, { threads: 2 });
    expect(expected.equals(encodeModel(await rest.model()))).toBe(true);

    // A complete training leaves nothing to go on with; the page goes on from Node's.
    expect(await page.isDisabled("#save-checkpoint")).toBe(true);
    const load = (buffer: Uint8Array) =>
      page.setInputFiles("#load-checkpoint", {
        name: "run.safetensors",
        mimeType: "",
        buffer: Buffer.from(buffer),
      });
    await load(await encodeCheckpoint(early));
    await page.waitForFunction(() => document.getElementById("status-left")!.textContent !== "done");
    await ended(page);
    expect((await saved(page, "save-model")).bytes.equals(expected)).toBe(true);
    expect(faults).toEqual([]);

    await load(encodeModel(whole.snapshot()));
    expect(await message(page, "train")).toMatch(/^run\.safetensors is .* not a checkpoint/);
    await load(await encodeCheckpoint({ ...early, data: { ...early.data, sha256: "0".repeat(64) } }));
    await ended(page, "failed");
    expect(await message(page, "train")).toMatch(/^This training began on Fashion-MNIST .*Give it the data/);
    expect(await page.isEnabled("#start")).toBe(true);
    // A training of some twenty epochs five times over: longer on a busy machine.
  }, 240_000);
});
