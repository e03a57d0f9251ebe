/** Sees to it that a training that is kept runs in one tab at a time. */

const nameOf = (kept: number) => `denoise-wasm training ${kept}`;

/**
 * Claims a training. A worker that ends gives its claims back.
 * @returns what gives it back
 * @throws Error if another tab has it
 */
export function claim(kept: number): Promise<() => void> {
  return new Promise((resolve, reject) => {
    // Without locks, which only pages over https or from this machine have, nothing is kept either.
    if (!navigator.locks) return resolve(() => {});
    navigator.locks
      .request(nameOf(kept), { ifAvailable: true }, (lock) => {
        if (!lock) throw new Error("This training runs in another tab.");
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/** Which of the trainings run in some tab. Once one of these does not any more, calls `onFree`. */
export async function running(kept: readonly number[], onFree: () => void): Promise<number[]> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const found = kept.filter((one) => held.some(({ name }) => name === nameOf(one)));
  for (const one of found) void navigator.locks.request(nameOf(one), { mode: "shared" }, onFree);
  return found;
}
