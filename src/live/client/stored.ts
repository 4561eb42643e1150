/*
 * What outlives a reload, in the session storage of the tab. A page in a sandbox has none, and one that is full takes
 * no more: both cost the place on the page and no more than that.
 */
const prefix = 'serve8008:'

export function readStored(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(prefix + key) ?? 'null')
  } catch {
    return null
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    if (value === null) sessionStorage.removeItem(prefix + key)
    else sessionStorage.setItem(prefix + key, JSON.stringify(value))
  } catch {
    // See above.
  }
}
