import type { Evaluation, Quality } from "../quality/evaluate.ts";

export const qualityHead = ["", "MSE", "PSNR", "SSIM"];

/** The rows of the quality table: the noisy pictures themselves, the network's output, and that of the convolutions. */
export function qualityRows({ noisy, denoised }: Evaluation, convolutions?: Quality): string[][] {
  const row = (name: string, { mse, psnr, ssim }: Quality) => [
    name,
    mse.toFixed(1),
    `${psnr.toFixed(2)} dB`,
    ssim.toFixed(3),
  ];
  return [
    row("noisy input", noisy),
    row("denoised", denoised),
    ...(convolutions ? [row("by fashion-conv", convolutions)] : []),
  ];
}

/** A sentence that says what the table means. */
export function verdict({ noisy, denoised }: Evaluation): string {
  const ratio = denoised.mse / noisy.mse;
  if (ratio > 1) {
    return (
      `The output has ${ratio.toPrecision(2)} times the squared error of the noisy input: ` +
      "this network compresses more than it denoises."
    );
  }
  return `The output has ${(100 * ratio).toPrecision(2)} % of the noisy input's squared error.`;
}

/** Formats a head and rows in columns. The first column is aligned left, the others right. */
export function textTable(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  return [head, ...rows]
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("   "),
    )
    .join("\n");
}
