/**
 * Lets timers, I/O and rendering go first, then goes on: a macrotask without the delay of `setTimeout`, which
 * browsers stretch to 4 ms.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
