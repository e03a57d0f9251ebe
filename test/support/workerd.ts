/** workerd, the runtime of Cloudflare Workers, on a loopback port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { build, type Plugin } from "esbuild";

const workerd: string = createRequire(import.meta.url)("workerd").default;
const built = resolve("build/esm");
/** What the example asks for, as its file writes it. */
const settings = readFileSync("examples/cloudflare-worker/wrangler.toml", "utf8");
const compatibility = {
  date: /^compatibility_date = (.*)$/m.exec(settings)![1],
  flags: /^compatibility_flags = (.*)$/m.exec(settings)![1],
};

export interface Worker {
  /** Ends with "/". */
  readonly url: string;
  readonly pid: number;
  /** What the runtime has written to stderr. */
  readonly messages: () => string;
  readonly stop: () => Promise<void>;
}

/** Bundles a worker as wrangler does, the package's built files for the condition `workerd` in it, into `folder`. */
export async function bundleWorker(entry: string, folder: string, plugins: Plugin[] = []): Promise<void> {
  await build({
    entryPoints: { worker: entry },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    alias: {
      "denoise-wasm": join(built, "index.workerd.js"),
      "denoise-wasm/tiny": join(built, "tiny.workerd.js"),
      "denoise-wasm/png": join(built, "png.js"),
      "denoise-wasm/jpeg": join(built, "jpeg.js"),
    },
    plugins,
    loader: { ".wasm": "copy", ".bin": "binary" },
    assetNames: "[name]",
    logLevel: "warning",
  });
}

/** Starts workerd with the modules in `folder`: NAME.js, of which `main` is the worker, NAME.wasm, and NAME.safetensors as bytes. */
export async function startWorkerd(folder: string, main = "worker.js"): Promise<Worker> {
  const names = readdirSync(folder).filter((name) => /\.(js|wasm|safetensors)$/.test(name));
  const modules = [main, ...names.filter((name) => name !== main)].map((name) => {
    const kind = name.endsWith(".js") ? "esModule" : name.endsWith(".wasm") ? "wasm" : "data";
    return `(name = "${name}", ${kind} = embed "${name}")`;
  });
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${compatibility.date},
  compatibilityFlags = ${compatibility.flags},
);
`,
  );
  const child = spawn(workerd, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let messages = "";
  child.stderr!.on("data", (data) => {
    messages += data;
  });
  const ended = once(child, "close");
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdio[3] as Readable).on("line", (line) => {
      const { event, port } = JSON.parse(line);
      if (event === "listen") resolve(port);
    });
    ended.then(() => reject(new Error(`workerd ended: ${messages}`)), reject);
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid!,
    messages: () => messages,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
