// A web server for the page: static files, gzipped, with the headers that this page needs.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { folder } from "./build.js";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webmanifest": "application/manifest+json",
  ".gz": "application/gzip",
  ".safetensors": "application/octet-stream",
};
const compressible = new Set([".html", ".js", ".css", ".svg", ".safetensors"]);

/**
 * Starts the server. With `isolated`, it sends the headers that give a page shared memory, and so threads.
 * @param {{ host?: string, port?: number, isolated?: boolean }} options port 0: any that is free
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve({ host = "127.0.0.1", port = 8080, isolated = true } = {}) {
  const headers = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    ...(isolated && {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    }),
  };
  const server = createServer(async (request, response) => {
    try {
      if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
      // URL resolves "..", so that no path leads out of the folder.
      const { pathname } = new URL(request.url ?? "/", "http://host");
      const path = decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
      const type = extname(path);
      if (path.includes("..") || path.includes("\0")) return void response.writeHead(400).end();
      const bytes = await readFile(folder + path.slice(1));
      const zipped = compressible.has(type) && /\bgzip\b/.test(String(request.headers["accept-encoding"]));
      const body = zipped ? gzipSync(bytes, { level: 9 }) : bytes;
      response.writeHead(200, {
        ...headers,
        "Content-Type": types[type] ?? "application/octet-stream",
        "Content-Length": body.length,
        Vary: "Accept-Encoding",
        ...(zipped && { "Content-Encoding": "gzip" }),
      });
      response.end(request.method === "HEAD" ? undefined : body);
    } catch {
      response.writeHead(404, { ...headers, "Content-Type": "text/plain" }).end("not found\n");
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { address, port: bound, family } = server.address();
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
