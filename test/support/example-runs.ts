/** Examples as a person runs them: copied outside the repository, with the packed package and what they pin. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { quietEnvironment } from "./runtimes.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Packs the package, as it was built, into `folder`; returns the tarball's path. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
    maxBuffer: 2 ** 24,
  });
  return join(folder, JSON.parse(stdout)[0].filename);
}

/**
 * Copies a project into a folder in `folder`, and installs the tarball and what else it names there.
 * @param project its folder, or several, of which each is laid over those before
 * @param pins versions of packages in place of those that it names
 */
export async function install(
  project: string | readonly string[],
  folder: string,
  tarball: string,
  pins: Readonly<Record<string, string>> = {},
): Promise<string> {
  const copy = await mkdtemp(join(folder, "project-"));
  for (const from of [project].flat()) {
    await cp(join(root, from), copy, {
      recursive: true,
      filter: (path) => !/[/](node_modules|dist|\.next)$/.test(path),
    });
  }
  const manifest = JSON.parse(await readFile(join(copy, "package.json"), "utf8"));
  manifest.dependencies["denoise-wasm"] = `file:${tarball}`;
  Object.assign(manifest.devDependencies, pins);
  await writeFile(join(copy, "package.json"), JSON.stringify(manifest));
  const options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline"];
  await execute(copy, "npm", ["install", "--loglevel=error", ...options]);
  return copy;
}

/** Runs a program to its end; what it wrote is in the error where it fails. */
export async function execute(
  folder: string,
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const command = [program, ...parameters].join(" ");
  const path = `${dirname(program)}:${process.env.PATH}`;
  const env = { ...quietEnvironment, ...(program.includes("/") && { PATH: path }), ...environment };
  await run(program, parameters, { cwd: folder, env, maxBuffer: 2 ** 24 }).catch(
    ({ message, stdout, stderr }) => {
      throw new Error(`${command} in ${folder}: ${message}\n${stdout}\n${stderr}`);
    },
  );
}

export interface Started {
  /** Ends with "/". */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A program that was started. */
export interface StartedProgram extends Started {
  readonly pid: number;
}

/** Starts a server on any free port; its address is what it prints. */
export async function start(
  folder: string,
  program: string,
  parameters: readonly string[],
): Promise<StartedProgram> {
  const child: ChildProcess = spawn(program, parameters, {
    cwd: folder,
    env: { ...quietEnvironment, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    const look = (data: Buffer) => {
      printed += data;
      // Some servers colour what they print, also into a pipe, if they run in CI.
      const [, port] = /http:\/\/[\w.]+:(\d+)/.exec(stripVTControlCharacters(printed)) ?? [];
      if (port) resolve(`http://127.0.0.1:${port}/`);
    };
    child.stdout!.on("data", look);
    child.stderr!.on("data", look);
    ended.then(() => reject(new Error(`${program} ${parameters.join(" ")} ended: ${printed}`)), reject);
  });
  return { url, pid: child.pid!, stop };
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** A plain web server for the files of a folder, which sends these headers with each. */
export async function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url ?? "/", "http://host");
    const path = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    try {
      const bytes = await readFile(path);
      const type = types[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...headers });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
