#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { DenoiseError, printable } from "../errors.ts";
import { version } from "../version.ts";
import { calibrateCommand } from "./calibrate.ts";
import { denoiseCommand } from "./denoise.ts";
import { downloadCommand } from "./download.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { inspectCommand } from "./inspect.ts";
import { Interrupted } from "./interrupted.ts";
import { trainCommand } from "./train.ts";

const program = new Command("denoise-wasm")
  .description("Neural image denoising that trains and runs in WebAssembly.")
  .version(version)
  .addCommand(trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(denoiseCommand())
  .addCommand(calibrateCommand())
  .addCommand(inspectCommand())
  .addCommand(exportCommand())
  .addCommand(downloadCommand());

for (const command of [program, ...program.commands])
  command.exitOverride().showHelpAfterError("(add --help for the options)");

// Where the reader of the output has ended, as `head` does, or the terminal was closed, there is nobody to tell. Work whose
// progress nobody reads goes on all the same: its results are files.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    if (stream === process.stdout) process.exit(1);
  });
}

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143 interrupted: see `Interrupted`. */
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    console.error(printable(error.message));
    return error.code;
  }
  // A message may name a file, and a file's name may hold anything.
  if (error instanceof DenoiseError) console.error(`${error.name}: ${printable(error.message)}`);
  else console.error(error);
  return 1;
}
