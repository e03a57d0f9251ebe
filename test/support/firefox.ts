/**
 * Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): the one that FIREFOX names, or the first in
 * PATH. Playwright drives only a Firefox of its own making.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import WebSocket from "ws";

export const firefox: string | undefined =
  process.env.FIREFOX ||
  ["firefox-esr", "firefox"]
    .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

/** How many milliseconds Firefox may take to start. */
const START_PATIENCE = 60_000;

interface Reply {
  readonly id?: number;
  readonly type: "success" | "error" | "event";
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly method?: string;
  readonly params?: { readonly level?: string; readonly text?: string };
}

/** A window of a Firefox that runs without a display, with a profile of its own. */
export class FirefoxPage implements AsyncDisposable {
  /** Errors and warnings on the console, and errors thrown. */
  readonly faults: string[] = [];
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #commands = 0;
  #context = "";

  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on("message", (data) => this.#hear(JSON.parse(String(data)) as Reply));
  }

  static async open(url: string): Promise<FirefoxPage> {
    const profile = await mkdtemp(join(tmpdir(), "denoise-wasm-firefox-"));
    const parameters = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
    const child = spawn(firefox!, parameters, { stdio: ["ignore", "ignore", "pipe"] });
    const address = await new Promise<string>((resolve, reject) => {
      let printed = "";
      const timer = setTimeout(() => reject(new Error(`Firefox does not start: ${printed}`)), START_PATIENCE);
      child.stderr.on("data", (data) => {
        printed += data;
        const [, found] = /WebDriver BiDi listening on (ws:\S+)/.exec(printed) ?? [];
        if (!found) return;
        clearTimeout(timer);
        resolve(found);
      });
    });
    const socket = new WebSocket(`${address}/session`);
    await once(socket, "open");
    const page = new FirefoxPage(child, profile, socket);
    await page.#send("session.new", { capabilities: {} });
    await page.#send("session.subscribe", { events: ["log.entryAdded"] });
    const { context } = (await page.#send("browsingContext.create", { type: "tab" })) as { context: string };
    page.#context = context;
    await page.#send("browsingContext.navigate", { context, url, wait: "complete" });
    return page;
  }

  /** The value of an expression in the page, as JSON. A promise is waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.#send("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: { value?: string }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result?.value === undefined ? undefined : JSON.parse(result.value);
  }

  /** What the window shows, as a PNG file. */
  async screenshot(): Promise<Buffer> {
    const shot = await this.#send("browsingContext.captureScreenshot", { context: this.#context });
    return Buffer.from((shot as { data: string }).data, "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    const ended = once(this.process, "exit");
    this.process.kill();
    await ended;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: object): Promise<unknown> {
    const id = ++this.#commands;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ type, result, error, message }) => {
        if (type === "success") resolve(result);
        else reject(new Error(`${method}: ${error}: ${message}`));
      });
    });
  }

  #hear(reply: Reply): void {
    if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
    const { level, text } = reply.params ?? {};
    if (reply.method === "log.entryAdded" && level !== "info" && level !== "debug")
      this.faults.push(`${text}`);
  }
}
