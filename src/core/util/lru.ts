/** A bounded map that evicts the least recently used entries. */
export interface Lru<Key, Value> {
  /** Sum of the weights of all values. */
  readonly weight: number
  /** Number of values. */
  readonly size: number
  /** The value, or undefined. Marks it as used. */
  get(key: Key): Value | undefined
  /** Stores a value, and evicts others until it fits. Does not store a value heavier than the capacity. */
  set(key: Key, value: Value): void
  delete(key: Key): void
  /** Changes the capacity, and evicts values until they fit. */
  resize(capacity: number): void
  clear(): void
}

/**
 * Makes an {@link Lru}.
 *
 * @param capacity Largest sum of weights, in the unit of `weigh`.
 * @param weigh Weight of a value, not negative and constant. Default: 1 for every value.
 */
export function createLru<Key, Value>(
  capacity: number,
  weigh: (value: Value, key: Key) => number = () => 1,
): Lru<Key, Value> {
  // A Map iterates in order of insertion, so its first key is the least recently used one.
  const values = new Map<Key, Value>()
  let weight = 0
  let most = capacity
  // The last used key need not move again, which saves time for repeated look-ups.
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
      if (added > most) return
      for (const oldest of values.keys()) {
        if (weight + added <= most) break
        remove(oldest)
      }
      values.set(key, value)
      latest = key
      weight += added
    },
    delete: remove,
    resize(size) {
      most = size
      for (const oldest of values.keys()) {
        if (weight <= most) return
        remove(oldest)
      }
    },
    clear() {
      values.clear()
      latest = undefined
      weight = 0
    },
  }
}
