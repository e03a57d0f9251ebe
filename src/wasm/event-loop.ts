/**
 * Resolves after timers, I/O and rendering have had their turn. A message channel is used, since browsers delay
 * `setTimeout` by up to 4 ms. `setTimeout` is for runtimes without message channels (Next.js's edge runtime, workerd
 * before a compatibility date of 2025).
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    let channel: MessageChannel;
    try {
      channel = new MessageChannel();
    } catch {
      setTimeout(resolve);
      return;
    }
    const { port1, port2 } = channel;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
