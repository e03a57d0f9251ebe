/** What pointers and wheels do on the stage: move the divider, pan, zoom, and hold a magnifier. */

export interface StageActions {
  /** Moves the divider to a place of the window. */
  split(clientX: number): void;
  /** Moves the picture by CSS pixels. */
  pan(dx: number, dy: number): void;
  /** Zooms at a place of the window. @returns whether anything changed */
  zoom(factor: number, clientX: number, clientY: number): boolean;
  isZoomed(): boolean;
  /** Shows a place of the window magnified: above a finger that rests there, or where a mouse is if the magnifier is on. */
  magnify(clientX: number, clientY: number, isFinger: boolean): void;
  /** The finger has left. */
  stopMagnifying(): void;
  /** Where the divider is in the window. */
  divider(): number;
}

/** How near to the divider a pointer takes hold of it, in CSS pixels, where it would pan elsewhere. */
const GRIP = 24;
/** How many milliseconds a finger rests until it holds a magnifier, and how many CSS pixels it may move in that time. */
const HOLD = 350;
const STILL = 6;

export interface Place {
  readonly x: number;
  readonly y: number;
}

export class StageGestures {
  readonly #pointers = new Map<number, Place>();
  #moves: "divider" | "picture" = "divider";
  /** Whether a finger holds the magnifier. */
  #isHolding = false;
  /** Where a finger has come to rest, and what happens if it stays there. */
  #rest: { readonly at: Place; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(
    stage: HTMLElement,
    private readonly actions: StageActions,
  ) {
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, placeOf(event));
      const isNear = Math.abs(event.clientX - actions.divider()) <= GRIP;
      this.#moves = isNear || !actions.isZoomed() ? "divider" : "picture";
      if (this.#moves === "divider" && event.pointerType === "mouse") actions.split(event.clientX);
      this.#letGo();
      if (event.pointerType === "touch" && this.#pointers.size === 1) this.#await(placeOf(event));
      // The divider is a slider that keeps the focus.
      event.preventDefault();
    });
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"] as const)
      stage.addEventListener(type, ({ pointerId }) => {
        this.#pointers.delete(pointerId);
        this.#letGo();
      });
    // A finger that holds the magnifier does not scroll the page.
    stage.addEventListener("touchmove", (event) => this.#isHolding && event.preventDefault(), {
      passive: false,
    });
    stage.addEventListener(
      "wheel",
      (event) => {
        const { deltaY, deltaMode, ctrlKey, clientX, clientY } = event;
        const pixels = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? deltaY : 30 * deltaY;
        // Pinching on a touch pad comes as small turns of a wheel with the control key.
        const factor = Math.exp(-pixels * (ctrlKey ? 0.01 : 0.002));
        if (actions.zoom(factor, clientX, clientY) || ctrlKey) event.preventDefault();
      },
      { passive: false },
    );
  }

  /** Waits whether a finger stays where it is. */
  #await(at: Place): void {
    clearTimeout(this.#rest?.timer);
    const hold = () => {
      this.#isHolding = true;
      if (this.#moves === "divider") this.actions.split(at.x);
      this.actions.magnify(at.x, at.y, true);
    };
    this.#rest = { at, timer: setTimeout(hold, HOLD) };
  }

  #letGo(): void {
    clearTimeout(this.#rest?.timer);
    this.#rest = undefined;
    if (this.#isHolding) this.actions.stopMagnifying();
    this.#isHolding = false;
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    const now = placeOf(event);
    const isFinger = event.pointerType === "touch";
    if (!before) {
      if (!isFinger) this.actions.magnify(now.x, now.y, false);
      return;
    }
    if (this.#rest && Math.hypot(now.x - this.#rest.at.x, now.y - this.#rest.at.y) > STILL) this.#await(now);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other) {
      const distance = (a: Place) => Math.hypot(a.x - other.x, a.y - other.y);
      const factor = distance(now) / Math.max(1, distance(before));
      this.actions.zoom(factor, (now.x + other.x) / 2, (now.y + other.y) / 2);
      this.actions.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else {
      if (this.#moves === "divider") this.actions.split(now.x);
      else if (!this.#isHolding) this.actions.pan(now.x - before.x, now.y - before.y);
      if (this.#isHolding || !isFinger) this.actions.magnify(now.x, now.y, isFinger);
    }
  }
}

const placeOf = ({ clientX, clientY }: PointerEvent): Place => ({ x: clientX, y: clientY });
