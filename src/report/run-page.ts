import { escapeMarkup } from "./markup.ts";

/** What the page of a run shows. All texts are escaped. */
export interface RunPageOptions {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly summary?: string;
  /** The circumstances of the run, such as data, network, noise and seed. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The results, with numbers in every column but the first. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  /** A sentence under the table that says how to read it. */
  readonly note?: string;
  /** A line for each photograph in the file `photographs.png`, if there is one. It is shown before everything else. */
  readonly photographs?: readonly string[];
}

/**
 * The text of an `index.html` that shows the results of a run, and the files `figure.png` and `loss.svg` beside it. It
 * has no scripts, loads nothing from other hosts, and is light or dark as the reader prefers.
 */
export function runPage(options: RunPageOptions): string {
  const { title, summary = "", facts, table, note = "", photographs = [] } = options;
  const cells = (tag: "th" | "td", row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
<main>
<h1>${escapeMarkup(title)}</h1>
${summary && `<p>${escapeMarkup(summary)}</p>\n`}${photographsPart(photographs)}<img src="figure.png" alt="Test pictures: one row for each stage, one column for each picture">
<table>
<thead>${cells("th", table.head)}</thead>
<tbody>
${table.rows.map((row) => cells("td", row)).join("\n")}
</tbody>
</table>
${note && `<p class="note">${escapeMarkup(note)}</p>\n`}<img src="loss.svg" alt="Loss over the epochs of the run">
<h2>The run</h2>
<dl>
${facts.map(([name, value]) => `<div><dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd></div>`).join("\n")}
</dl>
</main>
</html>
`;
}

/** The photographs, with a line for each; then the heading of what was trained. */
function photographsPart(lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<p>Photographs before and after denoising by the model that comes with the package:</p>
<img src="photographs.png" alt="Photographs: noisy, denoised, and a part of each enlarged">
${lines.map((line) => `<p class="note">${escapeMarkup(line)}</p>`).join("\n")}
<h2>What was trained</h2>
`;
}

const style = `
:root { color-scheme: light dark; --text: #20242b; --soft: #5f6670; --line: #e3e6ea; --page: #f6f7f9; --card: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8eb; --soft: #9aa2ad; --line: #333942; --page: #14171b; --card: #1c2026; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { margin: 0 0 8px; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 40px 0 12px; font-size: 1.15rem; }
p { max-width: 70ch; margin: 0 0 8px; }
.note { color: var(--soft); font-size: 0.9rem; }
img { display: block; width: 100%; height: auto; margin: 24px 0; background: #fff; border: 1px solid var(--line); border-radius: 8px; }
img[src$=".png"] { object-fit: scale-down; }
table, dl { width: 100%; margin: 24px 0 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 16px; text-align: right; }
th:first-child, td:first-child { text-align: left; }
th, dt { color: var(--soft); font-size: 0.9rem; font-weight: 500; }
td { border-top: 1px solid var(--line); }
dl { padding: 4px 16px; }
dl div { display: flex; flex-wrap: wrap; gap: 0 16px; padding: 7px 0; }
dl div + div { border-top: 1px solid var(--line); }
dt { flex: 0 0 180px; }
dd { flex: 1 1 300px; margin: 0; overflow-wrap: anywhere; }
`;
