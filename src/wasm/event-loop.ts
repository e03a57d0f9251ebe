/**
 * Lets timers, I/O and rendering go first, then goes on: a macrotask without the delay of `setTimeout`, which
 * browsers stretch to 4 ms. Where there are no message channels (Next.js's edge runtime, workerd before a compatibility
 * date of 2025), with it.
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
