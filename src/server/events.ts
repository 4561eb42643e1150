import { EventEmitter } from 'node:events'
import type { ServerEvents } from './types.ts'

type Listener = Parameters<EventEmitter['on']>[1]

/** The server's events. An error that nobody listens to is not thrown: the exchange was answered. */
export class Events {
  readonly #emitter = new EventEmitter()

  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): void {
    this.#emitter.on(name, listener as Listener)
  }

  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): void {
    this.#emitter.off(name, listener as Listener)
  }

  /** Whether anyone listens: what nobody sees need not be made. */
  has(name: keyof ServerEvents): boolean {
    return this.#emitter.listenerCount(name) > 0
  }

  emit<Name extends keyof ServerEvents>(name: Name, ...args: ServerEvents[Name]): void {
    if (!this.has(name)) return
    try {
      this.#emitter.emit(name, ...args)
    } catch (error) {
      // A listener's own fault: it surfaces as an uncaught one, but not in the midst of an exchange.
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
