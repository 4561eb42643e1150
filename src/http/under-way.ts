import type { Exchange } from './message/exchange.ts'

/** An exchange that knows its index among those under way. */
interface Placed extends Exchange {
  place?: number | undefined
}

/**
 * The exchanges under way. Not a Set: with members that come and go, V8 makes a new table for it every few additions,
 * and each dead table in the old generation keeps the exchanges that it holds until the next full collection. That
 * cost a fifth of the proxy's time.
 */
export class UnderWay implements Iterable<Exchange> {
  readonly #exchanges: Placed[] = []

  add(x: Placed): void {
    x.place = this.#exchanges.length
    this.#exchanges.push(x)
  }

  delete(x: Placed): void {
    const { place } = x
    if (place === undefined) return
    x.place = undefined
    const last = this.#exchanges.pop() as Placed
    if (last === x) return
    this.#exchanges[place] = last
    last.place = place
  }

  [Symbol.iterator](): Iterator<Exchange> {
    return this.#exchanges.values()
  }
}
