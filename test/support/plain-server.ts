/** A web server that knows nothing but types, and has a folder's files below another one. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { folder as page } from "../../web/build.js";

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** @param headers what it sends beside the type */
export async function servePlainly(folder = page, headers: Readonly<Record<string, string>> = {}) {
  const below = "/some/folder/";
  const server = createServer(({ url }, response) => {
    const path = new URL(url!, "http://host").pathname.slice(below.length) || "index.html";
    response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(readFileSync(join(folder, path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${below}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
