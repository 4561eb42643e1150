import { ServeError } from '../core/serve-error.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import type { Warning } from '../core/warning.ts'
import { nearest, quote } from '../config/diagnostic.ts'
import type { ServerEvents } from './types.ts'

type Name = keyof ServerEvents
type Listener<Event extends Name> = (...args: ServerEvents[Event]) => unknown
type AnyListener = (...args: readonly unknown[]) => unknown

/** Every event; the type makes a missing one an error. */
const known: Readonly<Record<Name, true>> = {
  listening: true,
  request: true,
  reply: true,
  warning: true,
  error: true,
  change: true,
  reload: true,
  console: true,
  certificate: true,
  close: true,
}

/**
 * The server's events. An error of a listener, thrown or rejected, becomes an `error` event: it never reaches the
 * exchange, the start or other listeners.
 */
export class Events {
  readonly #listeners = new Map<Name, readonly AnyListener[]>()
  readonly #warned = new Set<string>()

  /** @throws ServeError `E8008_CONFIG_INVALID` for an event that does not exist. */
  on<Event extends Name>(name: Event, listener: Listener<Event>): void {
    checkName(name)
    if (typeof listener !== 'function') {
      throw new ServeError('E8008_CONFIG_INVALID', `on(${quote(name)}) takes a function, and got ${quote(listener)}.`)
    }
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener as AnyListener])
  }

  /** @throws ServeError `E8008_CONFIG_INVALID` for an event that does not exist. */
  off<Event extends Name>(name: Event, listener: Listener<Event>): void {
    checkName(name)
    const listeners = this.#listeners.get(name) ?? []
    const last = listeners.lastIndexOf(listener as AnyListener)
    if (last !== -1) this.#listeners.set(name, listeners.toSpliced(last, 1))
  }

  /** Whether an event has listeners; without them its argument need not be made. */
  has(name: Name): boolean {
    return (this.#listeners.get(name) ?? []).length > 0
  }

  emit<Event extends Name>(name: Event, ...args: ServerEvents[Event]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      this.guard(name === 'error' ? undefined : `A listener of ${quote(name)}`, () => listener(...args))
    }
  }

  /** Emits a warning, unless there was the same one before. */
  warnOnce(warning: Warning): void {
    if (this.#warned.has(warning.message)) return
    this.#warned.add(warning.message)
    this.emit('warning', warning)
  }

  /**
   * Calls a function of the program. An error becomes an `error` event.
   *
   * @param name The function, as messages call it; undefined for a listener of `error`, whose own error becomes an
   *   uncaught exception: another `error` event could loop.
   */
  guard(name: string | undefined, call: () => unknown): void {
    const fail = (cause: unknown): void => {
      if (name === undefined) queueMicrotask(() => void rethrow(cause))
      else this.emit('error', listenerError(name, cause))
    }
    try {
      const result = call()
      if (result instanceof Promise) result.catch(fail)
    } catch (cause) {
      fail(cause)
    }
  }
}

function rethrow(cause: unknown): never {
  throw cause
}

function listenerError(name: string, cause: unknown): ServeError {
  return new ServeError('E8008_INTERNAL', `${name} failed: ${thrownText(cause)}`, { cause })
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && Object.hasOwn(known, name)) return
  const names = Object.keys(known)
  const word = typeof name === 'string' ? name : ''
  const meant = nearest(word, names) ?? names.find((each) => word.length > 3 && each.startsWith(word))
  throw new ServeError('E8008_CONFIG_INVALID', `There is no event ${quote(name)}.`, {
    hint: meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${quote(meant)}?`,
  })
}
