// npm run site: builds the documentation into build/site, as static files with a search: README, the pages of docs and of the examples, and the
// API. Source files that a page links to become pages. Fails if a link leads nowhere, or typedoc warns of anything. Links to folders of the
// repository, which the site does not have, become plain text.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, OptionDefaults } from "typedoc";
import { withDescription, withPictures, withRoles, writeSourcePages } from "./site-pages.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "build/site");
const entries = ["index", "tiny", "png", "jpeg", "browser", "train", "learn", "node"];

const app = await Application.bootstrapWithPlugins({
  name: "denoise-wasm",
  entryPoints: entries.map((name) => join(root, `src/${name}.ts`)),
  tsconfig: join(root, "tsconfig.json"),
  readme: join(root, "README.md"),
  projectDocuments: [
    "docs/*.md",
    "CONTRIBUTING.md",
    "examples/README.md",
    "examples/*/README.md",
    "models/README.md",
  ].map((path) => join(root, path)),
  highlightLanguages: [...OptionDefaults.highlightLanguages, "python"],
  searchInDocuments: true,
  searchInComments: true,
  customCss: join(root, "scripts/site.css"),
  disableSources: true,
  treatWarningsAsErrors: true,
  // Folders, which are seen to below.
  validation: { invalidPath: false },
  logLevel: "Warn",
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
await app.generateDocs(project, out);
writeSourcePages(join(out, "media"));

const files = readdirSync(out, { recursive: true }).map((name) => join(out, name));
const idsOf = new Map();
/** Whether a page of the site has a place of this name. */
function hasPlace(page, place) {
  if (!idsOf.has(page)) {
    const ids = readFileSync(page, "utf8").matchAll(/\bid="([^"]+)"/g);
    idsOf.set(page, new Set([...ids].map(([, id]) => id)));
  }
  return idsOf.get(page).has(place);
}

let count = 0;
const dead = [];
for (const page of files.filter((path) => path.endsWith(".html"))) {
  const text = readFileSync(page, "utf8");
  const described = withRoles(withDescription(await withPictures(text, page), page));
  const checked = described.replaceAll(
    /<a\b[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g,
    (whole, href, inner) => {
      if (/^(https?|mailto):/.test(href)) return whole;
      count++;
      const [path, place] = href.split("#").map(decodeURIComponent);
      const named = path === "" ? page : join(dirname(page), path);
      const target = named.endsWith("/") ? join(named, "index.html") : named;
      const isPage = existsSync(target) && statSync(target).isFile();
      if (isPage && (!place || !target.endsWith(".html") || hasPlace(target, place))) return whole;
      if (existsSync(`${target}.html`) && (!place || hasPlace(`${target}.html`, place)))
        return whole.replace(path, `${path}.html`);
      // What typedoc makes of a link to a folder; mentions.test.ts checks that the repository has it.
      if (/(^|\/)media\/[^./]+$/.test(path)) return inner;
      dead.push(`${page.slice(out.length + 1)}: ${href}`);
      return whole;
    },
  );
  if (checked !== text) writeFileSync(page, checked);
}
for (const link of dead) console.error(`leads nowhere: ${link}`);
console.log(`build/site: ${files.length} files, ${count} links`);
if (dead.length > 0 || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
