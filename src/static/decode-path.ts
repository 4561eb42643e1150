import { nameFromBytes } from '../core/util/disk-name.ts'
import { isWindowsName } from './windows-name.ts'

/** Whose rules file names follow. */
export type Platform = 'posix' | 'win32'

/** What a request path names. */
export interface Located {
  /** Decoded names from the top down; never empty, `.`, `..`, or with a separator in them. */
  readonly segments: readonly string[]
  /** Whether the path ends with a slash. */
  readonly slash: boolean
  /** Whether no file can have this name on this platform: to be answered like a missing one. */
  readonly impossible: boolean
}

/** What RFC 3986 section 3.3 leaves out of a path and that stands for something else to some parser. */
const strayRaw = /[\\#?\0-\x20\x7f-\uffff]/

/** What a decoded name must not hold: separators (`%2f`, `%5c`), NUL and other control characters. */
const strayName = /[/\\\0-\x1f\x7f-\x9f]/

/** Dot segments, and `..;x`, which some servers read as one after cutting the parameters off. */
const dots = /^\.\.?(?:;|$)/

/**
 * Reads a request path: percent-decoded exactly once, so that no second reading of the text can name
 * another file. Pure: it never looks at the disk.
 *
 * Refused (undefined, status 400): bad percent sequences, overlong UTF-8 (on Windows all that is not UTF-8; elsewhere a
 * name may hold any bytes), encoded or raw separators other than `/`, control characters, and every dot segment. Clients resolve dot segments
 * before they send (RFC 3986 section 5.2.4), so the ones that arrive are an attack or a mistake, and
 * a router, a filter and a file system would each resolve them differently. Repeated slashes count
 * as one. A `;` is an ordinary character of a file name.
 *
 * @param path Path of the request-target, percent-encoded, starting with a slash.
 */
export function locate(path: string, platform: Platform): Located | undefined {
  if (path.charCodeAt(0) !== 47 /* slash */ || strayRaw.test(path)) return undefined
  const segments: string[] = []
  let impossible = false
  for (const part of path.split('/')) {
    if (part === '') continue
    const name = decode(part, platform)
    if (name === undefined || strayName.test(name) || dots.test(name)) return undefined
    if (platform === 'win32' && !isWindowsName(name)) impossible = true
    segments.push(name)
  }
  return { segments, slash: path.endsWith('/'), impossible }
}

/** Whether a file with this name can be asked for at all. */
export function isLocatable(name: string, platform: Platform): boolean {
  return !strayName.test(name) && !dots.test(name) && (platform === 'posix' || isWindowsName(name))
}

function decode(part: string, platform: Platform): string | undefined {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return platform === 'posix' ? nameFromBytes(part) : undefined
  }
}
