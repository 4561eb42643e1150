/** Whether a value is an object literal or its like: no list, no Map, no promise, no class of its own. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (a test runner's, a vm's) have another Object.prototype, which also ends the chain.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value))
}

/** What to use instead of a value that is no plain object. One that inherits from another looks like one. */
export function plainly(value: unknown): string {
  const inherits = typeof value === 'object' && value !== null && value.constructor === Object
  return inherits ? 'use an object that inherits nothing' : 'use an object'
}
