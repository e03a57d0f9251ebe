// npm run web: builds the page and serves it. --host and --port say where; --build only builds it.
import { parseArgs } from "node:util";
import { buildPage, folder, transferSizes } from "./build.js";
import { serve } from "./server.js";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    build: { type: "boolean", default: false },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port has to be a whole number from 0 to 65535, but is "${values.port}".`);
  process.exit(2);
}
await buildPage();
if (values.build) {
  const sizes = transferSizes();
  for (const { name, bytes } of sizes) console.log(`${folder}${name}  ${bytes} bytes gzipped`);
  console.log(`${sizes.reduce((sum, { bytes }) => sum + bytes, 0)} bytes gzipped in all, without data/`);
} else {
  try {
    const { url } = await serve({ host: values.host, port });
    console.log(`The page is at ${url} (end with Ctrl+C).`);
  } catch (error) {
    console.error(`The server could not start: ${error.message}. Choose another --port or --host.`);
    process.exit(1);
  }
}
