/** What is wrong with how a page is laid out, and for whom it cannot be used. */
import axe from "axe-core";
import type { Page } from "playwright";

/** Elements wider than their place: the page, or a value of a training. */
export function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll(".status dd")]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ id, nodeName }) => id || nodeName),
  );
}

/** What axe finds against WCAG 2.2 AA and its own good practice, contrast and names of controls among it. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations, passes } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    if (!passes.some(({ id }) => id === "color-contrast")) return ["contrast was not looked at"];
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
  });
}

/** Options that are wider than the select that shows them. */
export function cutOffOptions(page: Page): Promise<string[]> {
  return page.locator("select:visible").evaluateAll((selects) =>
    (selects as HTMLSelectElement[]).flatMap((select) => {
      const style = getComputedStyle(select);
      const context = document.createElement("canvas").getContext("2d")!;
      context.font = style.font;
      const arrow = 20;
      const room =
        select.clientWidth -
        Number.parseFloat(style.paddingLeft) -
        Number.parseFloat(style.paddingRight) -
        arrow;
      return [...select.options]
        .map(({ text }) => text)
        .filter((text) => context.measureText(text).width > room);
    }),
  );
}

/** Texts that are cut off by their place, or lie over each other. What lies over a picture or moves by itself is left out. */
export function hiddenTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isOver = "#stage, .message, .visually-hidden, option, noscript, [aria-hidden=true]";
    const root = document.querySelector("dialog[open]") ?? document.body;
    /** An ellipsis or a scroll bar says that there is more. */
    const isTold = (style: CSSStyleDeclaration) =>
      style.textOverflow === "ellipsis" || ["auto", "scroll"].includes(style.overflowX);
    const found: string[] = [];
    const texts: { words: string; box: DOMRect; within: Element }[] = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const words = node.textContent!.trim();
      const within = node.parentElement!;
      if (words === "" || !within.checkVisibility({ visibilityProperty: true }) || within.closest(isOver))
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (let box of range.getClientRects()) {
        for (
          let place: Element | null = within;
          place && place !== document.body;
          place = place.parentElement
        ) {
          const style = getComputedStyle(place);
          const { left, right, top, bottom } = place.getBoundingClientRect();
          if (isTold(style)) {
            const from = Math.max(left, box.left);
            box = new DOMRect(from, box.top, Math.min(right, box.right) - from, box.height);
          }
          if (box.width <= 0) break;
          const clips = style.overflow !== "visible" || place.matches("button, .button, .card, select");
          const isCut =
            box.left < left - 1 || box.right > right + 1 || box.top < top - 2 || box.bottom > bottom + 2;
          if (clips && isCut)
            found.push(`"${words}" is cut off by ${place.id || place.className || place.nodeName}`);
        }
        if (box.width > 1) texts.push({ words, box, within });
      }
    }
    for (const [index, one] of texts.entries())
      for (const other of texts.slice(index + 1)) {
        if (one.within === other.within || one.within.closest(".strip-names")) continue;
        const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        // Boxes of lines are higher than their letters.
        if (across > 1 && down > 0.4 * Math.min(one.box.height, other.box.height))
          found.push(`"${one.words}" lies over "${other.words}"`);
      }
    return found;
  });
}

/** What a finger can hardly hit: controls that are less than 44 pixels high or wide. */
export function smallTargets(page: Page): Promise<string[]> {
  return page
    .locator(
      "button:visible, a.button:visible, .button:visible, select:visible, .check:visible, summary:visible, input[type=range]:visible",
    )
    .evaluateAll((all) =>
      all
        .filter((element) => element.id !== "split" && element.checkVisibility({ visibilityProperty: true }))
        .map((element) => ({
          name: element.id || element.textContent,
          ...element.getBoundingClientRect().toJSON(),
        }))
        .filter(({ width, height }) => Math.min(width, height) < 44)
        .map(({ name, width, height }) => `${name}: ${width}×${height}`),
    );
}
