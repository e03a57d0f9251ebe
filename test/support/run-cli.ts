/** The command line as it is installed: a process, its two streams and its exit code. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The bundled command. */
export const cli = fileURLToPath(new URL("../../build/esm/cli.js", import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  /** The bytes of stdout. */
  readonly output: Buffer;
  readonly stderr: string;
}

/** Runs the command in a folder. `started` may talk to the process, and `input` comes to its standard input. */
export function runCli(
  cwd: string,
  parameters: readonly string[],
  started: (child: ChildProcess) => void = () => {},
  input?: Uint8Array,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...parameters], {
      cwd,
      stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    let stderr = "";
    child.stdout!.on("data", (chunk) => chunks.push(chunk));
    child.stderr!.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const output = Buffer.concat(chunks);
      resolve({ code, stdout: output.toString(), output, stderr });
    });
    if (input) child.stdin!.end(input);
    started(child);
  });
}
