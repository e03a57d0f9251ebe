/** The page: starts its three tabs, switches between them, and says what this browser can do. */
import { hasRelaxedSimd, hasSimd } from "../src/wasm/detect.ts";
import { startDenoise } from "./denoise.ts";
import { button, byId, setMessage, setText } from "./dom.ts";
import { startInside } from "./inside.ts";
import { startModelControls } from "./model-controls.ts";
import { startTrain } from "./train.ts";

const parts = ["denoise", "train", "inside"] as const;

function showPart(name: string): void {
  const chosen = parts.find((part) => part === name) ?? "denoise";
  for (const part of parts) {
    const selected = part === chosen;
    const tab = button(`tab-${part}`);
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    byId(part, HTMLElement).hidden = !selected;
  }
  document.dispatchEvent(new CustomEvent("part", { detail: chosen }));
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
addEventListener("hashchange", () => showPart(location.hash.slice(1)));

const threads = crossOriginIsolated
  ? `up to ${navigator.hardwareConcurrency} threads`
  : "1 thread (not cross-origin isolated)";
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
startDenoise();
startTrain();
startInside();
startModelControls();
showPart(location.hash.slice(1));
