// Loaded into the command before it starts (--import), it makes the disk fail, as DENOISE_FAULT says:
// "kill STEP COUNT" ends the process within its COUNT-th write of a temporary file: at the step 0 before the first byte,
// 1 after half of them, 2 when all are written, 3 when they are flushed, 4 when the file has got its name;
// "full BYTES" lets a folder hold no more than so many bytes;
// "slow MILLISECONDS" makes the disk slow: it takes so long for each quarter of a file, to flush it, and to give it its name.
import { promises, readdirSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const [kind, ...numbers] = (process.env.DENOISE_FAULT ?? "").split(" ");
const [first, second] = numbers.map(Number);
const { open, rename, writeFile } = promises;
let writes = 0;

function end() {
  process.kill(process.pid, "SIGKILL");
  // The signal comes in its own time; nothing may happen until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
const endAt = (step) => kind === "kill" && writes === second && step === first && end();

/** What a slow disk takes for one thing. */
const slowness = () => (kind === "slow" ? wait(first) : undefined);

/** How many of so many bytes fit into the folder of a path. */
function roomFor(path, length) {
  if (kind !== "full") return length;
  const folder = dirname(path);
  const used = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  return Math.max(0, Math.min(length, first - used));
}
const full = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

promises.open = async (path, ...how) => {
  const file = await open(path, ...how);
  const isTemporary = String(path).endsWith(".tmp");
  if (isTemporary) {
    writes++;
    endAt(0);
  }
  const { sync } = file;
  const write = file.writeFile;
  file.writeFile = async (data) => {
    const bytes = Buffer.from(data);
    const room = roomFor(String(path), bytes.length);
    const half = isTemporary && kind === "kill" && writes === second && first === 1;
    const written = bytes.subarray(0, half ? bytes.length >> 1 : room);
    const parts = kind === "slow" ? 4 : 1;
    const size = Math.ceil(written.length / parts);
    for (let part = 0; part < parts; part++) {
      await write.call(file, written.subarray(part * size, (part + 1) * size));
      await slowness();
    }
    if (half) end();
    if (room < bytes.length) throw full();
    if (isTemporary) endAt(2);
  };
  file.sync = async () => {
    await sync.call(file);
    await slowness();
    if (isTemporary) endAt(3);
  };
  return file;
};
promises.rename = async (from, to) => {
  await rename(from, to);
  await slowness();
  endAt(4);
};
promises.writeFile = async (path, data, ...how) => {
  const bytes = Buffer.from(data);
  const room = roomFor(String(path), bytes.length);
  await writeFile(path, bytes.subarray(0, room), ...how);
  if (room < bytes.length) throw full();
};
syncBuiltinESMExports();
