// npm run api: writes the public API of each entry, as its declarations give it, into docs/api, so that a review shows what changes.
// With --check it writes nothing, and exits with 1 if a report there is not that of the declarations. The package has to be built.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs/api");
const isCheck = process.argv.includes("--check");
const temporary = mkdtempSync(join(tmpdir(), "denoise-wasm-api-"));
const { exports: all } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entries = Object.values(all).flatMap(({ types }) => (types ? join(root, types.default) : []));

const configs = entries.map((mainEntryPointFilePath) =>
  ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            module: "nodenext",
            lib: ["es2023", "dom"],
            types: ["node"],
            skipLibCheck: true,
          },
          files: entries,
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${basename(mainEntryPointFilePath, ".d.ts")}.api.md`,
        reportFolder: isCheck ? temporary : folder,
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: { default: { logLevel: "none" } },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
  }),
);

if (!isCheck) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const compilerState = CompilerState.create(configs[0], { additionalEntryPoints: entries.slice(1) });
for (const config of configs) {
  const { succeeded, errorCount } = Extractor.invoke(config, {
    localBuild: true,
    compilerState,
    messageCallback: (message) => {
      if (message.logLevel !== "error") message.handled = true;
    },
  });
  if (!succeeded || errorCount > 0) process.exitCode = 1;
}
if (isCheck) {
  const names = (path) => readdirSync(path).filter((name) => name.endsWith(".api.md"));
  const textOf = (path, name) => (names(path).includes(name) ? readFileSync(join(path, name), "utf8") : "");
  for (const name of new Set([...names(folder), ...names(temporary)])) {
    if (textOf(folder, name) === textOf(temporary, name)) continue;
    console.error(
      `docs/api/${name} is not what the declarations say. Run npm run api, and review what changed.`,
    );
    process.exitCode = 1;
  }
}
rmSync(temporary, { recursive: true });
