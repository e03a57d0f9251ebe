/** What pointers and wheels do on the stage: move the divider, pan, and zoom. */

export interface StageActions {
  /** Moves the divider to a place of the window. */
  split(clientX: number): void;
  /** Moves the picture by CSS pixels. */
  pan(dx: number, dy: number): void;
  /** Zooms at a place of the window. @returns whether anything changed */
  zoom(factor: number, clientX: number, clientY: number): boolean;
  isZoomed(): boolean;
  /** Where the divider is in the window. */
  divider(): number;
}

/** How near to the divider a pointer takes hold of it, in CSS pixels, where it would pan elsewhere. */
const GRIP = 24;

interface Place {
  readonly x: number;
  readonly y: number;
}

export class StageGestures {
  readonly #pointers = new Map<number, Place>();
  #moves: "divider" | "picture" = "divider";

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
      // The divider is a slider that keeps the focus.
      event.preventDefault();
    });
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"] as const)
      stage.addEventListener(type, ({ pointerId }) => this.#pointers.delete(pointerId));
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

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = placeOf(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other) {
      const distance = (a: Place) => Math.hypot(a.x - other.x, a.y - other.y);
      const factor = distance(now) / Math.max(1, distance(before));
      this.actions.zoom(factor, (now.x + other.x) / 2, (now.y + other.y) / 2);
      this.actions.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (this.#moves === "picture") this.actions.pan(now.x - before.x, now.y - before.y);
    else this.actions.split(event.clientX);
  }
}

const placeOf = ({ clientX, clientY }: PointerEvent): Place => ({ x: clientX, y: clientY });
