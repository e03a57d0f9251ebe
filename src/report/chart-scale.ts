/** What loss charts have in common, in files and in the page. */

/** Whether the losses differ so much that only a logarithmic axis shows both ends. */
export function spansDecades(losses: readonly number[]): boolean {
  const finite = losses.filter(Number.isFinite);
  return Math.min(...finite) > 0 && Math.max(...finite) / Math.min(...finite) > 20;
}

/** Epoch 1, then round numbers, about ten in all. */
export function epochTicks(last: number): number[] {
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((size) => last / size <= 11) ?? Math.ceil(last / 10);
  const ticks = [1];
  for (let epoch = step; epoch <= last; epoch += step) if (epoch > 1) ticks.push(epoch);
  return ticks;
}

/** A number on an axis. */
export const tickLabel = (value: number): string =>
  value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
