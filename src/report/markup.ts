const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for the content and the attributes of HTML and XML. Characters that XML does not allow become U+FFFD. */
export const escapeMarkup = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => entities[character]!);

/** The fonts of charts. */
export const chartFont = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

type Attributes = Readonly<Record<string, string | number>>;

/** An element of an SVG. Numbers are rounded to hundredths. @param content markup, which is not escaped */
export function element(name: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escapeMarkup(value)}"`,
  );
  return `<${name}${written.join("")}${content === undefined ? "/>" : `>${content}</${name}>`}`;
}

/** A number in hundredths. */
export const round = (value: number): number => Math.round(value * 100) / 100;

/** A line of text in an SVG. */
export function text(content: string, attributes: Attributes): string {
  return element("text", attributes, escapeMarkup(content));
}
