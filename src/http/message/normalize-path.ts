import { posix } from 'node:path'

/**
 * A path in the one spelling in which prefixes are compared: decoded once, slashes collapsed, dot
 * segments resolved. `/%61dmin`, `//admin` and `/x/../admin` must not escape a rule for `/admin`. Only
 * for comparing: the path that is looked up or forwarded is the one that was received.
 */
export function comparablePath(path: string): string {
  if (!/%|\/\/|\/\./.test(path)) return path
  try {
    return posix.normalize(decodeURIComponent(path))
  } catch {
    return path
  }
}
