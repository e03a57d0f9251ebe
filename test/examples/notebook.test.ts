/** The notebook of examples/notebook, run by Jupyter's protocol on Deno's kernel: what comes out is what the file shows. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { expect, it } from "vitest";
import { execute, install, pack } from "../support/example-runs.ts";
import { deno } from "../support/runtimes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const name = "classic-recipe.ipynb";
const python = process.env.PYTHON ?? "python3";
const hasClient = spawnSync(python, ["-c", "import nbclient"], { stdio: "ignore" }).status === 0;

interface Output {
  output_type: string;
  text?: string | string[];
  data?: Record<string, string | string[]>;
}

/** What the cells of a notebook have put out: of pictures the pixels, since platforms pack them differently. */
async function outputsOf(path: string): Promise<unknown[][]> {
  const { cells } = JSON.parse(await readFile(path, "utf8"));
  const joined = (text: string | string[]) => [text].flat().join("");
  return cells
    .filter(({ cell_type }: { cell_type: string }) => cell_type === "code")
    .map(({ outputs }: { outputs: Output[] }) =>
      outputs.map(({ output_type, text, data }) => {
        if (text) return joined(text);
        const [[type, value]] = Object.entries(data ?? { [output_type]: "" }) as [
          [string, string | string[]],
        ];
        if (type !== "image/png") return { [type]: joined(value) };
        const { width, height, channels, data: pixels } = decode(Buffer.from(joined(value), "base64"));
        return { width, height, channels, pixels };
      }),
    );
}

const lacks =
  (!deno.path && "skipped: Deno was not found; set DENO to its path") ||
  (!hasClient && "skipped: PYTHON has no nbclient");

it.skipIf(lacks)(
  `the notebook gives what it shows${lacks ? ` (${lacks})` : ""}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-notebook-"));
    try {
      const project = await install("examples/notebook", folder, await pack(folder));
      const argv = [deno.path, "jupyter", "--kernel", "--conn", "{connection_file}"];
      await mkdir(join(folder, "kernels/deno"), { recursive: true });
      await writeFile(
        join(folder, "kernels/deno/kernel.json"),
        JSON.stringify({ argv, display_name: "Deno", language: "typescript" }),
      );
      await execute(project, python, [join(root, "test/examples/notebook.py"), project], {
        JUPYTER_PATH: folder,
        FASHION_MNIST_DIR: join(root, "data"),
      });
      const outputs = await outputsOf(join(project, name));
      // Every cell but that of the imports and that of a function shows something.
      expect(outputs.filter((cell) => cell.length > 0).length).toBeGreaterThan(8);
      expect(outputs).toEqual(await outputsOf(join(root, "examples/notebook", name)));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  1_800_000,
);
