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
  /** How deep each of its segments leads, at least: see {@link leavesPrefix}. */
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
  const pieces = raw.flatMap((segment) => piecesOf(decodeOctets(segment)))
  const folded: string[] = []
  for (const piece of pieces) {
    if (piece === '..') folded.pop()
    else if (isName(piece)) folded.push(piece)
  }
  // What ends in a slash or in dots names a folder.
  if (!isName(pieces.at(-1) ?? '')) folded.push('')
  return { plain, folded, walk: walkOf(raw), hasNul: /%00/.test(path) }
}

/** What a segment is to a server that takes encoded slashes and backslashes for slashes. */
function piecesOf(segment: string): string[] {
  return segment.split(/[/\\]/).map(withoutParameters)
}

function withoutParameters(segment: string): string {
  return segment.replace(/;.*$/s, '')
}

function isName(piece: string): boolean {
  return piece !== '' && piece !== '.' && piece !== '..'
}

/** What servers take for a slash within a segment, once it is decoded: nothing, an encoded one, a backslash, both. */
const readAsSlash = [/$^/, /\//, /\\/, /[/\\]/] as const

/**
 * How deep each segment leads, by the reading that leads least deep: for one server `x%2fy` is two segments and for
 * another it is one, out of which a single `..` leads.
 */
function walkOf(raw: readonly string[]): number[] {
  let depth = 0
  return raw.map((segment) => {
    let steps = Infinity
    let lowest = 0
    for (const pieces of readingsOf(decodeOctets(segment))) {
      let sum = 0
      for (const piece of pieces) {
        if (piece === '..') sum--
        else if (isName(piece)) sum++
        lowest = Math.min(lowest, sum)
      }
      steps = Math.min(steps, sum)
    }
    const before = depth
    depth += steps
    return lowest < 0 ? Math.min(before + lowest, depth) : depth
  })
}

/** Parameters end at what is taken for a slash, or reach to the end of the segment. */
function readingsOf(segment: string): string[][] {
  const bare = withoutParameters(segment)
  return readAsSlash.flatMap((slash) => [segment.split(slash).map(withoutParameters), bare.split(slash)])
}

/** Whether a path that begins with so many segments ever leads above them: a target's own path would be left just so. */
export function leavesPrefix({ walk }: MatchingPath, segments: number): boolean {
  return walk.some((depth, i) => depth < Math.min(segments, i + 1))
}

/** Percent-decoding once, octet by octet: what is no UTF-8, or no encoding at all, is compared as it is. */
export function decodeOctets(text: string, isKept: (octet: string) => boolean = () => false): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (whole, digits: string) => {
    const octet = String.fromCharCode(Number.parseInt(digits, 16))
    return isKept(octet) ? whole.toUpperCase() : octet
  })
}
