/** Where the figures of a command go: to the terminal, or into a file. */
import type { Command } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { requireFree } from "./paths.ts";

export interface ReportOptions {
  readonly out?: string;
  readonly force?: boolean;
}

export function withReportOptions(command: Command): Command {
  return command
    .option("-o, --out <file>", "write what would be printed into a file")
    .option("--force", "write over a file that exists");
}

/**
 * How to give out a report. It is called before the work, so that this is not done for nothing.
 * @throws OutputError if the report is to go into a file that exists, and not over it
 */
export async function reportTo({ out, force }: ReportOptions): Promise<(text: string) => Promise<void>> {
  if (out === undefined) return async (text) => console.log(text);
  await requireFree(out, force);
  return async (text) => {
    await writeFileAtomic(out, new TextEncoder().encode(`${text}\n`));
    console.log(out);
  };
}
