/** The page: starts its three tabs, switches between them, and says what this browser can do. */
import { hasRelaxedSimd, hasSimd } from "../src/wasm/detect.ts";
import { partOfAddress } from "./address.ts";
import { startDenoise } from "./denoise.ts";
import { button, byId, setMessage, setText } from "./dom.ts";
import { startIncoming } from "./incoming.ts";
import { startOffline } from "./offline.ts";

const parts = ["denoise", "train", "inside"] as const;
/** The name of the part that was chosen last. */
let chosen: string;
let trainingParts: Promise<void> | undefined;

/** Shows a part, once its code is there. */
async function showPart(name: string): Promise<void> {
  const part = parts.find((part) => part === name) ?? "denoise";
  chosen = part;
  for (const one of parts) {
    const selected = one === part;
    const tab = button(`tab-${one}`);
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
  try {
    if (part !== "denoise") {
      trainingParts ??= import("./training-parts.ts").then(({ startTrainingParts }) => startTrainingParts());
      await trainingParts;
    }
  } catch {
    trainingParts = undefined;
    setMessage(
      "page-message",
      "This part of the page could not be loaded. Are you offline? Then choose it again later.",
    );
    return;
  }
  if (chosen !== part) return;
  for (const one of parts) byId(one, HTMLElement).hidden = one !== part;
  document.dispatchEvent(new CustomEvent("part", { detail: part }));
}

for (const [index, part] of parts.entries()) {
  const tab = button(`tab-${part}`);
  tab.addEventListener("click", () => {
    location.hash = part;
  });
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: parts.length - 1 }[key];
    const to = key === "Home" ? 0 : key === "End" ? parts.length - 1 : step && (index + step) % parts.length;
    if (to === undefined) return;
    location.hash = parts[to]!;
    button(`tab-${parts[to]}`).focus();
  });
}

const threads = crossOriginIsolated
  ? `up to ${navigator.hardwareConcurrency} threads`
  : "training on 1 thread (not cross-origin isolated)";
setText(
  "runtime",
  `WebAssembly: ${hasRelaxedSimd() ? "SIMD, relaxed SIMD" : hasSimd() ? "SIMD" : "no SIMD"}; ${threads}.`,
);
if (!hasSimd()) {
  setMessage(
    "page-message",
    "This browser has no WebAssembly SIMD, so nothing can be trained or denoised. Use Chrome 91, Firefox 89, Safari 16.4 or later.",
  );
}
startIncoming();
startDenoise();
// After "Denoise" has read what the address says beside the part.
addEventListener("hashchange", () => void showPart(partOfAddress()));
void showPart(partOfAddress());
addEventListener("load", startOffline);
