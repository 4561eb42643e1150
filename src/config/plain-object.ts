/** Whether a value is an object literal or its like: no list, no Map, no promise, no class of its own. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (a test runner's, a vm's) have another Object.prototype, which also ends the chain.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value))
}
