// What `npm run site` adds to the pages that typedoc makes: source files as pages, sizes of pictures, descriptions, roles.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import sharp from "sharp";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const style = `:root { color-scheme: light dark } body { margin: 1rem; font-family: sans-serif } a { color: inherit }
pre { overflow: auto; tab-size: 2; line-height: 1.4 } pre span { scroll-margin-top: 1rem } pre span::before { content: attr(id); display: inline-block; width: 4em; color: GrayText }
pre span:target { background: Mark; color: MarkText }`;

/** A source file as a page, in which #L40 is line 40. Web servers send files of some names as what they are not: .ts as video. */
function sourcePage(name, text) {
  const lines = text.replace(/\n$/, "").split("\n");
  const body = lines.map((line, index) => `<span id="L${index + 1}">${escaped(line)}\n</span>`).join("");
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><title>${name} | denoise-wasm</title>
<meta name="description" content="The source file ${name} of denoise-wasm."/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<style>${style}</style></head><body><main><h1>${name}</h1><p><a href="../index.html">denoise-wasm</a></p>
<pre tabindex="0"><code>${body}</code></pre></main></body></html>
`;
}

/** Puts a page in place of each file of a folder that is no picture: NAME.html for NAME. */
export function writeSourcePages(folder) {
  for (const name of readdirSync(folder).filter((name) => !/\.(png|jpg|svg)$/.test(name))) {
    writeFileSync(join(folder, `${name}.html`), sourcePage(name, readFileSync(join(folder, name), "utf8")));
    rmSync(join(folder, name));
  }
}

/** The page with the size of each picture, so that nothing moves when it comes, and pictures loaded when they are near. */
export async function withPictures(html, page) {
  let text = html;
  for (const [whole, source] of html.matchAll(/<img src="([^":]+)"/g)) {
    const { width, height } = await sharp(join(dirname(page), source)).metadata();
    text = text.replace(
      whole,
      `${whole} width="${width}" height="${height}" loading="lazy" style="height: auto"`,
    );
  }
  return text;
}

/** The page with its first paragraph as its description; without one, with its title. */
export function withDescription(html, page) {
  const [, title = basename(page)] = /<title>([^<|]*)/.exec(html) ?? [];
  const content = html.slice(html.indexOf('<div class="col-content">'));
  const [, first = ""] = /<p>([\s\S]*?)<\/p>/.exec(content) ?? [];
  const words = first
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll('"', "&quot;")
    .split(/\s+/)
    .filter(Boolean);
  let description = `${title.trim()}:`;
  while (words.length > 0 && description.length + words[0].length < 160) description += ` ${words.shift()}`;
  if (words.length === 0 && first === "")
    description = `${title.trim()}, in the documentation of denoise-wasm.`;
  return html.replace(/(<meta name="description" content=")[^"]*/, (_, begin) => begin + description);
}

/** The page with what screen readers go by and typedoc's pages lack: the main part, headings in order, no headers without words. */
export function withRoles(html) {
  return html
    .replace('<div class="col-content">', '<div class="col-content" role="main">')
    .replace('<div class="col-sidebar">', '<div class="col-sidebar" role="complementary">')
    .replaceAll(/<h4(?= class="tsd-)|<h3(?=>Settings<)/g, '$& aria-level="2"')
    .replaceAll(/<th( style="[^"]*")?><\/th>/g, "<td></td>");
}
