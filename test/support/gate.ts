import type { Layer } from '../../src/index.ts'

/** A promise and the way to fulfil it. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/** Makes a gate that is shut. */
export function createGate(): Gate {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

/** A layer that holds requests, and tells when one has come. */
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
