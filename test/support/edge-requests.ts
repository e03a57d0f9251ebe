/** What a worker that denoises PNG files is put under: many requests at once, and files that are broken. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { Random } from "../../src/noise/rng.ts";
import { pngOf } from "./png-bytes.ts";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly milliseconds: number;
}

/** Requests to one address over connections that are kept, at most `atOnce` of them. */
export class Client {
  readonly #agent: Agent;

  constructor(
    readonly url: string,
    readonly atOnce: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  }

  /** `headers` in place of those of a PNG file. */
  send(body: Uint8Array, headers: Record<string, string> = {}, method = "POST"): Promise<Answer> {
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(
        this.url,
        {
          method,
          agent: this.#agent,
          headers: { "content-type": "image/png", "content-length": `${body.length}`, ...headers },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode!,
              type: response.headers["content-type"] ?? "",
              body: Buffer.concat(parts),
              milliseconds: performance.now() - start,
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(method === "GET" ? undefined : body);
    });
  }

  /** Sends the bodies that `bodyOf` gives, `atOnce` at a time. */
  async sendAll(
    count: number,
    bodyOf: (index: number) => Uint8Array,
    look: (answer: Answer, index: number) => void,
  ): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < count) {
        const index = next++;
        look(await this.send(bodyOf(index)), index);
      }
    };
    await Promise.all(Array.from({ length: this.atOnce }, one));
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Bytes of memory that a process holds (Linux), or undefined. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    return 1024 * Number(kilobytes);
  } catch {
    return undefined;
  }
}

/**
 * A PNG file of one data chunk, damaged by chance: bytes changed, bits flipped, a part cut out, doubled or cut off. Of
 * every four, two have their checksums put right again, and one is damaged before it is compressed, so that the
 * damage gets past what would find it.
 */
export function mutated(png: Uint8Array, index: number): Uint8Array {
  const random = new Random(1, 0, index);
  if (index % 4 === 3) {
    const length = Buffer.from(png).readUInt32BE(33);
    const data = damaged(inflateSync(png.subarray(41, 41 + length)), random, 1);
    return pngOf([
      ["IHDR", index % 8 === 3 ? png.subarray(16, 29) : damaged(png.subarray(16, 29), random, 1)],
      ["IDAT", deflateSync(data)],
      ["IEND", new Uint8Array()],
    ]);
  }
  let bytes = damaged(png, random, 4);
  if (index % 16 === 0) bytes = bytes.slice(0, below(bytes.length, random));
  if (index % 4 < 2) mendChecksums(bytes);
  return bytes;
}

const below = (limit: number, random: Random) => Math.min(limit - 1, Math.floor(random.uniform() * limit));

/** Damaged one to `most` times. */
function damaged(whole: Uint8Array, random: Random, most: number): Uint8Array {
  let bytes = Uint8Array.from(whole);
  for (let times = 1 + below(most, random); times > 0 && bytes.length > 0; times--) {
    const at = below(bytes.length, random);
    const length = 1 + below(16, random);
    const kind = below(8, random);
    if (kind < 3) bytes[at] = below(256, random);
    else if (kind < 5) bytes[at] = bytes[at]! ^ (1 << below(8, random));
    // In a file the header: sizes, depth, colour type, interlacing.
    else if (kind === 5) bytes[Math.min(16 + below(13, random), bytes.length - 1)] = below(256, random);
    else if (kind === 6) bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
    else bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
  }
  return bytes;
}

function mendChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
}

/** Whether it is what a broken or refused request must get: 4xx, and JSON that says why. */
export function isRefusal({ status, type, body }: Answer): boolean {
  if (status < 400 || status > 499 || !type.startsWith("application/json")) return false;
  const { error } = JSON.parse(body.toString());
  return typeof error === "string" && error.length > 0;
}
