import { fingerprint } from "./fingerprint.ts";

self.postMessage(await fingerprint());
