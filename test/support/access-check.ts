/** Which parts of memory a core from checked-core.ts may load from and store to. Works in Node and in a page. */

/** Loads of more bytes than these may begin at any multiple of them, as SIMD does. */
const WORD = 4;

export class AccessCheck {
  /** For each word of memory, whether it may be used. */
  readonly #allowed: Uint8Array;

  /** @param bytes of memory, none of which may be used at first */
  constructor(bytes: number) {
    this.#allowed = new Uint8Array(bytes / WORD);
  }

  /** Lets it use what is from address `start` to before `end`, multiples of 4, or no longer. */
  allow(start: number, end: number, allowed = true): void {
    this.#allowed.fill(allowed ? 1 : 0, start / WORD, end / WORD);
  }

  /** What the core imports. An access that is not allowed throws an error that says where it was. */
  imports(module: WebAssembly.Module): Record<string, (...values: number[]) => number> {
    const named = WebAssembly.Module.imports(module).filter(({ kind }) => kind === "function");
    const asked: Record<string, (...values: number[]) => number> = {
      load_ptr: (_, bytes, offset, address) => this.#check("loads", bytes!, offset!, address!),
      store_ptr: (_, bytes, offset, address) => this.#check("stores", bytes!, offset!, address!),
    };
    // All others are told a number, most of them the value that is loaded or stored, and answer with it.
    const same = (...values: number[]) => values.at(-1)!;
    return Object.fromEntries(named.map(({ name }) => [name, asked[name] ?? same]));
  }

  #check(what: string, bytes: number, offset: number, address: number): number {
    const at = (address >>> 0) + (offset >>> 0);
    const last = at + bytes - 1;
    if (at % Math.min(bytes, WORD) !== 0) throw new Error(`It ${what} ${bytes} bytes at ${at}, unaligned.`);
    for (let word = Math.floor(at / WORD); word <= Math.floor(last / WORD); word++)
      if (this.#allowed[word] !== 1)
        throw new Error(`It ${what} ${bytes} bytes at ${at}, which is in no buffer.`);
    return address;
  }
}
