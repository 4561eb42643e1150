/*
 * State that outlives a reload, in the session storage of the tab. A sandboxed page has no storage, and storage may be
 * full. Then only this state is lost.
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
