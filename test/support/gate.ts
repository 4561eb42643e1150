import type { Layer } from '../../src/index.ts'

/** A promise and a function that fulfils it. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/** Makes a closed gate. */
export function createGate(): Gate {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

/** A layer that holds requests. `reached` resolves with the first one. */
export function holdingLayer(): { layer: Layer; reached: Promise<void>; letGo: () => void } {
  const arrival = createGate()
  const exit = createGate()
  const layer: Layer = (next) => async (x) => {
    arrival.open()
    await exit.opened
    return next(x)
  }
  return { layer, reached: arrival.opened, letGo: exit.open }
}
