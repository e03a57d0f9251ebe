/** The axes of a loss chart: they turn values into positions, and choose the round numbers to write beside them. */

export interface Scale {
  /** The position of a value on the axis: 0 at the lower end, 1 at the upper end. */
  at(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/**
 * A scale with ticks at round numbers. It is logarithmic if all values are above 0 and `axis` asks for it or, without `axis`, if
 * the largest loss is more than 20 times the smallest; else linear.
 * @param losses all finite, as are the others; at least one value in all
 * @param others other values that have to be on the scale
 * @param most about how many ticks there is room for
 */
export function lossScale(
  losses: readonly number[],
  others: readonly number[],
  most: number,
  axis?: "linear" | "logarithmic",
): Scale {
  const values = [...losses, ...others];
  const [low, high] = [least(values), greatest(values)];
  const isWide = greatest(losses) / least(losses) > 20;
  const isLog = low > 0 && (axis === undefined ? isWide : axis === "logarithmic");
  return isLog ? logScale(low, high, most) : linearScale(low, high, most);
}

// A long training has more losses than a call can have arguments.
const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
const greatest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);

function linearScale(low: number, high: number, most: number): Scale {
  const step = niceStep((high - low || Math.abs(high) || 1) / most);
  // If all values are equal, they are shown in the middle.
  const spread = high > low ? 0 : 1;
  const below = Math.floor(low / step) - spread;
  const from = low >= 0 ? Math.max(0, below) : below;
  const to = Math.ceil(high / step) + spread;
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => {
    const value = (from + index) * step;
    return { value, label: tickLabel(value, step) };
  });
  return { at: (value) => (value / step - from) / (to - from), ticks };
}

/** The ticks within a decade. The more decades there are, the fewer are used. */
const mantissas = [[1, 2, 5], [1, 3], [1]];
/** The largest relative error of logarithms and of products with powers of ten. */
const INEXACT = 1e-12;

function logScale(low: number, high: number, most: number): Scale {
  const [first, last] = [Math.floor(Math.log10(low) + INEXACT), Math.ceil(Math.log10(high) - INEXACT)];
  const decades = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const candidates = mantissas.map((factors) => {
    const rounds = decades.flatMap((decade) => factors.map((factor) => factor * 10 ** decade));
    const begin = rounds.findLastIndex((value) => value <= low * (1 + INEXACT));
    const end = rounds.findIndex((value) => value >= high * (1 - INEXACT));
    return rounds.slice(begin, end + 1);
  });
  const every = Math.ceil(decades.length / most);
  const sparse = candidates.at(-1)!.filter((_, index) => index % every === 0);
  const values = candidates.find(({ length }) => length <= most) ?? sparse;
  const [from, to] = [Math.min(low, values[0]!), Math.max(high, values.at(-1)!)].map(Math.log10) as [
    number,
    number,
  ];
  return {
    at: (value) => (Math.log10(value) - from) / (to - from),
    ticks: values.map((value) => ({ value, label: tickLabel(value) })),
  };
}

/** The smallest number that is at least `step` and 1, 2 or 5 times a power of ten. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= step)!;
}

/**
 * The epochs that are written on the axis: epoch 1 and round numbers, about ten in all or as many as there is room for,
 * and the last epoch if it is not too near to another one.
 */
export function epochTicks(last: number, room: number): number[] {
  const most = Math.max(1, Math.min(11, room));
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((size) => last / size <= most) ?? Math.ceil(last / most);
  const ticks = [1];
  for (let epoch = step; epoch <= last; epoch += step) if (epoch > 1) ticks.push(epoch);
  if ((last - ticks.at(-1)!) * room >= last - 1 && last > ticks.at(-1)!) ticks.push(last);
  return ticks;
}

/** A loss as text: with four digits or, given `step`, with as many as such steps need; like 1.2e9 if it is long. */
export function tickLabel(value: number, step?: number): string {
  const size = Math.abs(value);
  const magnitude = size > 0 ? Math.floor(Math.log10(size) + INEXACT) : 0;
  const decimals = step === undefined ? 3 - magnitude : -Math.floor(Math.log10(step) + INEXACT);
  if (!Number.isFinite(value)) return "not finite";
  if (size > 0 && (magnitude >= 6 || magnitude < -4)) {
    const digits = Math.min(20, Math.max(0, magnitude + decimals));
    return value.toExponential(digits).replace(/\.?0*e\+?/, "e");
  }
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.min(20, Math.max(0, decimals)) });
}
