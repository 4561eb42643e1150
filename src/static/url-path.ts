import { extname } from 'node:path'
import { needsMediaTypes } from '../http/message/media-type.ts'
import type { DenyList } from './access/apply-deny-list.ts'
import { nameFromBytes } from '../core/util/disk-name.ts'

/** What a request path means in a site. It depends on the path alone, so it is kept. */
export interface UrlPath {
  /** Decoded segments of the whole path. */
  readonly segments: readonly string[]
  /** Whether the path lies at or below the site's prefix. */
  readonly isInside: boolean
  /** Decoded segments below the site's prefix. */
  readonly names: readonly string[]
  /** Whether the path ends with a slash. */
  readonly hasFinalSlash: boolean
  /** Whether the path is the prefix without its final slash. */
  readonly isBarePrefix: boolean
  /** Absolute path of the file or folder, without a final slash; undefined if the deny list hides it. */
  readonly file: string | undefined
  /** Why it is hidden, for the log. */
  readonly denial: string | undefined
  /** Whether the media type of its name needs the full table of types, which is loaded on demand. */
  readonly hasRareType: boolean
  /** Absolute path of the index page in that folder. */
  readonly index: string
  /** Absolute path of the page with this clean URL; undefined for the root and for a path that ends with `.html`. */
  readonly page: string | undefined
}

/** Options of {@link parseUrlPath}. */
export interface UrlPathOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  /** Decoded segments of the site's prefix. */
  readonly prefix: readonly string[]
  readonly denied: DenyList
  readonly platform: Platform
}

/** Parses a request path; undefined if it is invalid (400). */
export function parseUrlPath(path: string, { root, prefix, denied, platform }: UrlPathOptions): UrlPath | undefined {
  const decoded = decodePath(path, platform)
  if (decoded === undefined) return undefined
  const { segments, hasFinalSlash, isImpossible } = decoded
  const names = segments.slice(prefix.length)
  const isInside = prefix.every((name, depth) => name === segments[depth])
  const denial = isInside && isImpossible ? 'no file name on Windows' : denied.denialOf(names)
  const isServed = isInside && denial === undefined
  const separator = platform === 'win32' ? '\\' : '/'
  const base = root.endsWith(separator) ? root.slice(0, -1) : root
  const file = [base, ...names].join(separator)
  return {
    segments,
    isInside,
    names,
    hasFinalSlash,
    isBarePrefix: isInside && !hasFinalSlash && names.length === 0,
    // The root keeps its separator: `C:` means the current folder of that drive, and an empty path is invalid.
    file: isServed ? (names.length === 0 ? root : file) : undefined,
    denial,
    hasRareType: needsMediaTypes(names.at(-1) ?? ''),
    index: `${file}${separator}index.html`,
    page: names.length === 0 || extname(file).toLowerCase() === '.html' ? undefined : `${file}.html`,
  }
}

/** The rules that file names follow. */
export type Platform = 'posix' | 'win32'

/** A decoded request path. */
export interface DecodedPath {
  /** Decoded names from the top down; never empty, `.`, `..`, or with a separator in them. */
  readonly segments: readonly string[]
  /** Whether the path ends with a slash. */
  readonly hasFinalSlash: boolean
  /** Whether no file can have this name on this platform. The reply is that of a missing file. */
  readonly isImpossible: boolean
}

/** Characters that RFC 3986 section 3.3 forbids in a path, and that some parsers give a meaning. */
const strayRaw = /[\\#?\0-\x20\x7f-\uffff]/

/** Characters that a decoded name must not have: separators (`%2f`, `%5c`), NUL and other control characters. */
const strayName = /[/\\\0-\x1f\x7f-\x9f]/

/** Dot segments, and `..;x`, which some servers read as `..` because they remove parameters. */
const dots = /^\.\.?(?:;|$)/

/**
 * Decodes a request path. It is percent-decoded exactly once: a second decoding could name another file. Pure: it does
 * not read the disk.
 *
 * Invalid (undefined, status 400) are bad percent sequences, overlong UTF-8 (on Windows everything that is not UTF-8;
 * elsewhere a name may have any bytes), encoded or raw separators other than `/`, control characters, and dot segments.
 * Clients resolve dot segments before they send (RFC 3986 section 5.2.4), so those that arrive are an attack or a
 * mistake, and a router, a filter and a file system would resolve them differently. Repeated slashes count as one. A
 * `;` is an ordinary character of a file name.
 *
 * @param path Path of the request-target, percent-encoded, starting with a slash.
 */
export function decodePath(path: string, platform: Platform): DecodedPath | undefined {
  if (path.charCodeAt(0) !== 47 /* slash */ || strayRaw.test(path)) return undefined
  const segments: string[] = []
  let isImpossible = false
  for (const part of path.split('/')) {
    if (part === '') continue
    const name = decode(part, platform)
    if (name === undefined || strayName.test(name) || dots.test(name)) return undefined
    if (platform === 'win32' && !isWindowsName(name)) isImpossible = true
    segments.push(name)
  }
  return { segments, hasFinalSlash: path.endsWith('/'), isImpossible }
}

/** Segments of a prefix, which is percent-encoded as in a URL. A prefix that is not valid is taken literally. */
export function prefixSegments(prefix: string): readonly string[] {
  return decodePath(prefix, 'posix')?.segments ?? prefix.split('/').filter((name) => name !== '')
}

/** Whether a request path can name a file of this name. */
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

/** Characters that no Windows file name has. A colon would name a drive or an NTFS stream (`.env::$DATA`). */
const forbidden = /[<>:"|?*]/

/** Device names, which exist in every folder and with any extension: opening `aux.txt` opens the device. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/i

/** Short 8.3 form (`TLS~1.PEM`, `HTACCE~1`): a second name of a file, which no deny rule matches. */
const short = /^[^.]{1,6}~[0-9]{1,6}(?:\.[^.]{0,3})?$/

/**
 * Whether a name is the only spelling of an ordinary Windows file. Windows drops trailing dots and spaces, so `secret.`
 * would open `secret`.
 */
export function isWindowsName(name: string): boolean {
  return !forbidden.test(name) && !/[. ]$/.test(name) && !device.test(name) && !short.test(name)
}
