/** A bounded map that drops what was used least recently. */
export interface Lru<Key, Value> {
  /** Sum of the weights of what is kept. */
  readonly weight: number
  /** How many values are kept. */
  readonly size: number
  /** The value, which thereby counts as used; or undefined. */
  get(key: Key): Value | undefined
  /** Keeps a value, dropping others until it fits. A value heavier than the capacity is not kept. */
  set(key: Key, value: Value): void
  delete(key: Key): void
  clear(): void
}

/**
 * Makes an {@link Lru}.
 *
 * @param capacity Largest sum of weights, in the unit of `weigh`.
 * @param weigh Weight of a value, not negative and the same each time; by default every value weighs 1.
 */
export function createLru<Key, Value>(
  capacity: number,
  weigh: (value: Value, key: Key) => number = () => 1,
): Lru<Key, Value> {
  // A Map iterates in order of insertion, so its first key is the one used least recently.
  const values = new Map<Key, Value>()
  let weight = 0
  // Asking for one value over and over must not move it each time.
  let latest: Key | undefined

  function remove(key: Key): void {
    const value = values.get(key)
    if (value === undefined) return
    values.delete(key)
    weight -= weigh(value, key)
  }

  return {
    get weight() {
      return weight
    },
    get size() {
      return values.size
    },
    get(key) {
      const value = values.get(key)
      if (value === undefined || key === latest) return value
      values.delete(key)
      values.set(key, value)
      latest = key
      return value
    },
    set(key, value) {
      remove(key)
      const added = weigh(value, key)
      if (added > capacity) return
      for (const oldest of values.keys()) {
        if (weight + added <= capacity) break
        remove(oldest)
      }
      values.set(key, value)
      latest = key
      weight += added
    },
    delete: remove,
    clear() {
      values.clear()
      latest = undefined
      weight = 0
    },
  }
}
