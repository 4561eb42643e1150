/*
 * The upstream may read a request-target differently: `/api/..%2fprivate` lies below `/api` if a server compares the
 * text, and beside it if a server decodes it. So a path has two forms, and a proxy route answers only if both select it.
 * The bytes are forwarded as received.
 */

/** The two forms of a path as lists of segments, without the text before the first slash. */
export interface MatchingPath {
  /** Strict: split at slashes, each segment decoded once, except for encoded slashes and backslashes. */
  readonly plain: readonly string[]
  /** Lenient: decoded once, backslashes as slashes, without parameters, empty segments and dot segments. */
  readonly folded: readonly string[]
  /** The lowest possible depth after each segment, for {@link leavesPrefix}. */
  readonly depths: readonly number[]
  /** Whether it contains an encoded NUL, which ends strings in programs written in C. */
  readonly hasNul: boolean
}

/** Whether the two forms may differ. Most paths contain none of these. */
const mayDiffer = /[%;\\]|\/\/|\/\./

/** Parses a path as received. */
export function matchingPath(path: string): MatchingPath {
  const raw = path.slice(1).split('/')
  if (!mayDiffer.test(path)) return { plain: raw, folded: raw, depths: [], hasNul: false }
  const plain = raw.map((segment) => decodeOctets(segment, (octet) => octet === '/' || octet === '\\'))
  const pieces = raw.flatMap((segment) => piecesOf(decodeOctets(segment)))
  const folded: string[] = []
  for (const piece of pieces) {
    if (piece === '..') folded.pop()
    else if (isName(piece)) folded.push(piece)
  }
  // A path that ends in a slash or in a dot segment names a folder.
  if (!isName(pieces.at(-1) ?? '')) folded.push('')
  return { plain, folded, depths: depthsOf(raw), hasNul: /%00/.test(path) }
}

/** The segments that a server finds in one segment if it reads encoded slashes and backslashes as slashes. */
function piecesOf(segment: string): string[] {
  return segment.split(/[/\\]/).map(withoutParameters)
}

function withoutParameters(segment: string): string {
  return segment.replace(/;.*$/s, '')
}

function isName(piece: string): boolean {
  return piece !== '' && piece !== '.' && piece !== '..'
}

/** What servers read as a slash in a decoded segment: nothing, an encoded slash, a backslash, or both. */
const readAsSlash = [/$^/, /\//, /\\/, /[/\\]/] as const

/**
 * The depth after each segment, by the reading with the lowest depth: `x%2fy` is two segments for one server, and one
 * segment for another, which a single `..` leaves.
 */
function depthsOf(raw: readonly string[]): number[] {
  let depth = 0
  return raw.map((segment) => {
    let steps = Infinity
    let lowest = 0
    // A server may read slashes and parameters before it decodes: `a%5Cb\..` is then one segment and a step back.
    const texts = [decodeOctets(segment), decodeOctets(segment, (octet) => '/\\;'.includes(octet))]
    for (const pieces of texts.flatMap(readingsOf)) {
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

/** Parameters end at the next slash of a reading, or reach to the end of the segment. */
function readingsOf(segment: string): string[][] {
  const bare = withoutParameters(segment)
  return readAsSlash.flatMap((slash) => [segment.split(slash).map(withoutParameters), bare.split(slash)])
}

/** Whether a path ever leaves its first `segments` segments: it would then also leave the upstream's own path. */
export function leavesPrefix({ depths }: MatchingPath, segments: number): boolean {
  return depths.some((depth, i) => depth < Math.min(segments, i + 1))
}

/** Decodes percent-encoding once, octet by octet. Invalid UTF-8 and invalid encodings stay comparable. */
export function decodeOctets(text: string, isKept: (octet: string) => boolean = () => false): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (whole, digits: string) => {
    const octet = String.fromCharCode(Number.parseInt(digits, 16))
    return isKept(octet) ? whole.toUpperCase() : octet
  })
}
