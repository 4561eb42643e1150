/** Whether a value is a plain object: no array, Map, promise or instance of another class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Another realm (of a test runner or a vm) has its own Object.prototype, which also has no prototype.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value))
}

/** Whether a value is an object with the method `fetch`, such as an app of Hono: code, and no data. */
export function hasFetch(value: unknown): value is { readonly fetch: (...args: never[]) => unknown } {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function'
}

/** The hint for a value that is no plain object. An object that inherits from another one looks like a plain one. */
export function plainly(value: unknown): string {
  const inherits = typeof value === 'object' && value !== null && value.constructor === Object
  return inherits ? 'use an object that inherits nothing' : 'use an object'
}

/**
 * Freezes plain objects and lists to the bottom. An app, a buffer and an instance of a class stay as they are: the program
 * still changes them.
 */
export function deepFreeze<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) {
    if (Array.isArray(inner) || (isPlainObject(inner) && !hasFetch(inner))) deepFreeze(inner)
  }
  return Object.freeze(value)
}

/** Options after validation: undefined is removed, at any depth. @internal */
export type Checked<Value> = Value extends (...given: never[]) => unknown
  ? Value
  : Value extends object
    ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
    : Value
