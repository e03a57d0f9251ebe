/** `npm run web`: what it refuses before it builds anything, and where it serves. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { serve } from "../../web/server.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const start = (...options: string[]) =>
  promisify(execFile)(process.execPath, ["web/start.js", ...options], { cwd: root });

describe("npm run web", () => {
  it.each(["70000", "-1", "80.5", "http"])("refuses --port %s", async (port) => {
    await expect(start(`--port=${port}`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--port has to be a whole number from 0 to 65535/),
    });
  });

  it("serves at the host and port that it is given, and not at one that is taken", async () => {
    const first = await serve({ host: "127.0.0.1", port: 0 });
    const port = Number(new URL(first.url).port);
    try {
      const again = () => serve({ host: "127.0.0.1", port });
      await expect(again()).rejects.toMatchObject({ code: "EADDRINUSE" });
      const everywhere = await serve({ host: "0.0.0.0", port: 0 });
      const { port: other } = new URL(everywhere.url);
      expect((await fetch(`http://127.0.0.1:${other}/none`)).status).toBe(404);
      await everywhere.close();
      await first.close();
      const second = await again();
      expect(second.url).toBe(`http://127.0.0.1:${port}/`);
      await second.close();
    } finally {
      await first.close();
    }
  });
});
