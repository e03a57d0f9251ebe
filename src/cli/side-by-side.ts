/** How many pixels of pictures, beside the last one, may be under way at a time: 12 bytes and more of memory for each. */
const MOST_PIXELS = 2 ** 23;

/** Some work on a picture that has begun. */
export interface Begun<Outcome> {
  readonly pixels: number;
  readonly outcome: Promise<Outcome>;
}

export type Settled<Item, Outcome> = { readonly item: Item } & PromiseSettledResult<Outcome>;

/**
 * Works on several pictures at the same time, so that no thread has to wait, but on fewer where they are large. What comes
 * of them is given in their order.
 * @param begin reads a picture and begins the work on it; the next one is not read before that
 */
export async function* sideBySide<Item, Outcome>(
  items: readonly Item[],
  threads: number,
  begin: (item: Item) => Promise<Begun<Outcome>>,
): AsyncGenerator<Settled<Item, Outcome>> {
  const running: { readonly pixels: number; readonly settled: Promise<Settled<Item, Outcome>> }[] = [];
  // Besides those that the threads work on, some wait for them, and some are being read or written.
  const most = threads === 1 ? 1 : 2 * threads + 2;
  let pixels = 0;
  const first = () => {
    const { pixels: fewer, settled } = running.shift()!;
    pixels -= fewer;
    return settled;
  };
  for (const item of items) {
    const begun = await settledOf(begin(item));
    const outcome = begun.status === "fulfilled" ? begun.value.outcome : Promise.reject(begun.reason);
    const more = begun.status === "fulfilled" ? begun.value.pixels : 0;
    running.push({ pixels: more, settled: settledOf(outcome).then((result) => ({ item, ...result })) });
    pixels += more;
    while (running.length >= most || pixels > MOST_PIXELS) yield await first();
  }
  while (running.length > 0) yield await first();
}

async function settledOf<Value>(promise: Promise<Value>): Promise<PromiseSettledResult<Value>> {
  const [result] = await Promise.allSettled([promise]);
  return result!;
}
