import { extname } from 'node:path'
import { needsMediaTypes } from '../http/message/media-type.ts'
import type { DenyList } from './access/deny-list.ts'
import { locate, type Platform } from './decode-path.ts'

/** Where a request path leads within a site. Depends on the path alone, so it can be remembered. */
export interface Place {
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
  readonly refusal: string | undefined
  /** Whether the type of its name was not at hand when the path was first seen. */
  readonly rare: boolean
  /** Absolute path of the index page in that folder. */
  readonly index: string
  /** Absolute path of the page by its clean URL, undefined where that makes no sense. */
  readonly page: string | undefined
}

/** What {@link findPlace} needs to know of a site. */
export interface PlaceOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  /** Decoded segments of the site's prefix. */
  readonly prefix: readonly string[]
  readonly denied: DenyList
  readonly platform: Platform
}

/** Finds the place of a request path; undefined when the path is invalid (400). */
export function findPlace(path: string, { root, prefix, denied, platform }: PlaceOptions): Place | undefined {
  const located = locate(path, platform)
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
    refusal,
    rare: needsMediaTypes(names.at(-1) ?? ''),
    index: `${file}${separator}index.html`,
    page: names.length === 0 || extname(file).toLowerCase() === '.html' ? undefined : `${file}.html`,
  }
}
