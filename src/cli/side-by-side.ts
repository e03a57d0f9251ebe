/** How many pixels of pictures, beside the last ones, may be under way at a time: 12 bytes and more of memory for each. */
const MOST_PIXELS = 2 ** 23;
/** How many pictures are read at the same time, if they are that small: each has to wait for files and for other threads. */
const MOST_READ = 4;

/** Some work on a picture that has begun. */
export interface Begun<Outcome> {
  readonly pixels: number;
  readonly outcome: Promise<Outcome>;
}

export type Settled<Item, Outcome> = { readonly item: Item } & PromiseSettledResult<Outcome>;

/**
 * Works on several pictures at the same time, so that no thread has to wait, but on fewer where they are large. What comes
 * of them is given in their order.
 * @param begin reads a picture and begins the work on it
 */
export async function* sideBySide<Item, Outcome>(
  items: readonly Item[],
  threads: number,
  begin: (item: Item) => Promise<Begun<Outcome>>,
): AsyncGenerator<Settled<Item, Outcome>> {
  const running: { pixels: number; readonly settled: Promise<Settled<Item, Outcome>> }[] = [];
  const read = new Set<Promise<unknown>>();
  // Besides those that the threads work on, some wait for them, and some are being read or written.
  const most = threads === 1 ? 1 : 4 * threads + 4;
  let pixels = 0;
  /** The pixels of the largest picture up to now. The next ones may be as large. */
  let largest: number | undefined;
  const mostRead = () =>
    largest === undefined ? 1 : Math.min(MOST_READ, Math.max(1, Math.floor(MOST_PIXELS / largest)));
  const start = (item: Item) => {
    const begun = settledOf(begin(item)).then((result) => {
      read.delete(begun);
      if (result.status === "fulfilled") {
        one.pixels = result.value.pixels;
        pixels += one.pixels;
        largest = Math.max(largest ?? 0, one.pixels);
      }
      return result;
    });
    read.add(begun);
    const settled = begun.then(async (result) => {
      const outcome = result.status === "fulfilled" ? result.value.outcome : Promise.reject(result.reason);
      return { item, ...(await settledOf(outcome)) };
    });
    const one = { pixels: 0, settled };
    running.push(one);
  };
  const first = async () => {
    const one = running.shift()!;
    const result = await one.settled;
    pixels -= one.pixels;
    return result;
  };
  for (const item of items) {
    for (;;) {
      if (running.length >= most || pixels > MOST_PIXELS) yield await first();
      else if (read.size >= mostRead()) await Promise.race(read);
      else break;
    }
    start(item);
  }
  while (running.length > 0) yield await first();
}

async function settledOf<Value>(promise: Promise<Value>): Promise<PromiseSettledResult<Value>> {
  const [result] = await Promise.allSettled([promise]);
  return result!;
}
