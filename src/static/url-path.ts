import { extname } from 'node:path'
import { needsMediaTypes } from '../http/message/media-type.ts'
import type { DenyList } from './access/deny-list.ts'
import { nameFromBytes } from '../core/util/disk-name.ts'

/** Where a request path leads within a site. Depends on the path alone, so it can be remembered. */
export interface UrlPath {
  /** The whole path as the client sees it, decoded. */
  readonly segments: readonly string[]
  /** Whether the path lies at or below the site's prefix. */
  readonly inside: boolean
  /** The part below the site's prefix. */
  readonly names: readonly string[]
  /** Whether the path ends with a slash. */
  readonly slash: boolean
  /** Whether the path is the prefix without its final slash. */
  readonly bare: boolean
  /** Absolute path of the file or folder, without a final slash; undefined when no client gets to see it. */
  readonly file: string | undefined
  /** Why no client gets to see it, for the log. */
  readonly denial: string | undefined
  /** Whether the type of its name was not at hand when the path was first seen. */
  readonly rare: boolean
  /** Absolute path of the index page in that folder. */
  readonly index: string
  /** Absolute path of the page by its clean URL, undefined where that makes no sense. */
  readonly page: string | undefined
}

/** What {@link parseUrlPath} needs to know of a site. */
export interface UrlPathOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  /** Decoded segments of the site's prefix. */
  readonly prefix: readonly string[]
  readonly denied: DenyList
  readonly platform: Platform
}

/** Finds the place of a request path; undefined when the path is invalid (400). */
export function parseUrlPath(path: string, { root, prefix, denied, platform }: UrlPathOptions): UrlPath | undefined {
  const located = decodePath(path, platform)
  if (located === undefined) return undefined
  const { segments, slash, impossible } = located
  const names = segments.slice(prefix.length)
  const inside = prefix.every((name, depth) => name === segments[depth])
  const refusal = inside && impossible ? 'no file name on Windows' : denied.denialOf(names)
  const seen = inside && refusal === undefined
  const separator = platform === 'win32' ? '\\' : '/'
  const base = root.endsWith(separator) ? root.slice(0, -1) : root
  const file = [base, ...names].join(separator)
  return {
    segments,
    inside,
    names,
    slash,
    bare: inside && !slash && names.length === 0,
    // The root keeps its own separator: `C:` alone is wherever that drive's shell is, and an empty path is nothing.
    file: seen ? (names.length === 0 ? root : file) : undefined,
    denial: refusal,
    rare: needsMediaTypes(names.at(-1) ?? ''),
    index: `${file}${separator}index.html`,
    page: names.length === 0 || extname(file).toLowerCase() === '.html' ? undefined : `${file}.html`,
  }
}

/** Whose rules file names follow. */
export type Platform = 'posix' | 'win32'

/** What a request path names. */
export interface DecodedPath {
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
export function decodePath(path: string, platform: Platform): DecodedPath | undefined {
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
export function isUrlName(name: string, platform: Platform): boolean {
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

/** Characters that no Windows file name holds. The colon would name a drive or an NTFS stream (`.env::$DATA`). */
const forbidden = /[<>:"|?*]/

/** Device names of every folder, whatever follows the first dot: opening `aux.txt` opens the device. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/i

/** Short 8.3 form (`TLS~1.PEM`, `HTACCE~1`): a second name of a file, which deny rules would not know. */
const short = /^[^.]{1,6}~[0-9]{1,6}(?:\.[^.]{0,3})?$/

/**
 * Whether a name can be an ordinary Windows file in its one true spelling. Trailing dots and spaces
 * are dropped by Windows, so `secret.` would open `secret`.
 */
export function isWindowsName(name: string): boolean {
  return !forbidden.test(name) && !/[. ]$/.test(name) && !device.test(name) && !short.test(name)
}
