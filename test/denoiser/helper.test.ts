/** The thread that helps a denoiser, at a port that delivers messages as it likes. */
import { expect, it } from "vitest";
import { helperMain, type SomeDenoised, type SomeOutput } from "../../src/denoiser/helper-main.ts";
import { convModelOf } from "../../src/model/conv-model.ts";
import { bundled } from "../../src/wasm/bundled.ts";
import { loadInference } from "../../src/wasm/inference.ts";
import { convModel } from "../support/conv-models.ts";

it("answers in the order of the messages, where one is delivered while another one is worked on", async () => {
  const { module } = await loadInference(bundled("reproducible").wasm?.());
  const answers: unknown[] = [];
  let heard = () => {};
  const port = {
    onmessage: null as ((event: { data: unknown }) => void) | null,
    postMessage(answer: unknown) {
      answers.push(answer);
      heard();
    },
  };
  helperMain(port);
  const [width, height] = [16, 8];
  const data = Uint8Array.from({ length: width * height }, (_, i) => (i * 37) % 251);
  const picture = { data, width, height, channels: 1 };
  const request = { picture, sigma: 10, strength: 1, quality: "standard", range: [0, 255] };
  const window = { start: 0, end: width, from: 0, to: width };
  const rows = { values: new Float32Array(width * height), length: width * height };
  const messages = [
    { module, models: [convModelOf(convModel(), "a model")] },
    { request: structuredClone(request) },
    { begin: { network: 0, window, height, level: 0.1 }, rows, spare: undefined },
    { request: structuredClone(request) },
  ];
  await new Promise<void>((resolve) => {
    heard = () => answers.length === messages.length && resolve();
    for (const message of messages) port.onmessage!({ data: message });
  });
  const [ready, first, second, third] = answers;
  expect(ready).toBe("ready");
  expect((first as SomeDenoised).denoised?.data).toHaveLength(data.length);
  expect((second as SomeOutput).output.length).toBeGreaterThan(0);
  expect((third as SomeDenoised).denoised).toEqual((first as SomeDenoised).denoised);
});
