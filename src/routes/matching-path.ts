/*
 * A request-target is one thing to us and may be another to the server behind us: `/api/..%2fprivate` lies below `/api`
 * for who compares texts, and beside it for who decodes. So a path has two forms, and a proxy route answers only where
 * both lead to it. What is forwarded are the bytes as received.
 */

/** The two ways to read a path, each as its segments; the text before the first slash is left out. */
export interface MatchingPath {
  /** As it stands: cut at slashes, each segment decoded once but for encoded slashes and backslashes. */
  readonly plain: readonly string[]
  /** As a lenient server reads it: decoded once, backslash for slash, parameters and empty and dot segments taken away. */
  readonly folded: readonly string[]
  /** How deep it stood after each of its `..`: see {@link leavesPrefix}. */
  readonly walk: readonly number[]
  /** Whether it holds a NUL, which cuts texts short in programs written in C. */
  readonly hasNul: boolean
}

/** Whether the two forms may differ: most paths hold none of these. */
const doubtful = /[%;\\]|\/\/|\/\./

/** Reads a path as received. */
export function matchingPath(path: string): MatchingPath {
  const raw = path.slice(1).split('/')
  if (!doubtful.test(path)) return { plain: raw, folded: raw, walk: [], hasNul: false }
  const plain = raw.map((segment) => decodeOctets(segment, (octet) => octet === '/' || octet === '\\'))
  const pieces = decodeOctets(path.slice(1)).replaceAll('\\', '/').split('/')
  const folded: string[] = []
  const walk: number[] = []
  let isFolder = false
  for (const piece of pieces) {
    const name = piece.replace(/;.*$/s, '')
    isFolder = name === '' || name === '.' || name === '..'
    if (name === '..') {
      // Above the root there is nothing more, but below a target's own path there is.
      walk.push(folded.length - 1)
      folded.pop()
    } else if (!isFolder) folded.push(name)
  }
  // What ends in a slash or in dots names a folder.
  if (isFolder) folded.push('')
  return { plain, folded, walk, hasNul: /%00/.test(path) }
}

/** Whether a path ever leads above its first segments on its way: a target's own path would be left just so. */
export function leavesPrefix({ walk }: MatchingPath, segments: number): boolean {
  return walk.some((depth) => depth < segments)
}

/** Percent-decoding once, octet by octet: what is no UTF-8, or no encoding at all, is compared as it is. */
export function decodeOctets(text: string, isKept: (octet: string) => boolean = () => false): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (whole, digits: string) => {
    const octet = String.fromCharCode(Number.parseInt(digits, 16))
    return isKept(octet) ? whole.toUpperCase() : octet
  })
}
