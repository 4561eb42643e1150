/** Bytes from the first to the last, both included, counted from 0. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** The ranges to send, in the requested order; or `full` for everything, or `unsatisfiable` for a 416. */
export type RangeOutcome = readonly ByteRange[] | 'full' | 'unsatisfiable'

const unit = /^bytes=/i
// Anchored at both ends, so that many spaces cost one pass. Whitespace as in RFC 9110 section 5.6.3.
const rangeSpec = /^[\t ]*(?:(\d+)-(\d*)|-(\d+))[\t ]*$/
const emptyElement = /^[\t ]*$/
/** RFC 9110 section 14.2 suspects a client that asks for more than two overlapping ranges. */
const toleratedOverlaps = 2

/**
 * Resolves a `Range` field against `size` bytes (RFC 9110 section 14). Ranges that overlap or touch become one. Returns
 * `full` for another unit, a malformed set, a range that ends before it starts, more than `maxRanges` ranges, or many
 * overlapping ones (CVE-2011-3192).
 *
 * No package: range-parser finds a suffix longer than the file unsatisfiable, and accepts `5-2` and `1 - 2`.
 *
 * @param size Length of the representation in bytes.
 * @param maxRanges Most ranges that a client may request, 0 for none.
 */
export function parseRange(field: string, size: number, maxRanges: number): RangeOutcome {
  if (!unit.test(field)) return 'full'
  const wanted: ByteRange[] = []
  let named = 0
  for (const spec of field.slice('bytes='.length).split(',')) {
    // RFC 9110 section 5.6.1.2: empty list elements do not count.
    if (emptyElement.test(spec)) continue
    if (++named > maxRanges) return 'full'
    const range = resolveSpec(spec, size)
    if (range === undefined) return 'full'
    if (range !== 'unsatisfiable') wanted.push(range)
  }
  if (named === 0) return 'full'
  if (wanted.length === 0) return 'unsatisfiable'
  return wanted.length === 1 ? wanted : coalesce(wanted)
}

/**
 * One range; undefined when it is malformed, or has no `Content-Range`. Numbers of any length are safe: they become
 * Infinity.
 */
function resolveSpec(spec: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const parts = rangeSpec.exec(spec)
  if (parts === null) return undefined
  const [, from, to, suffix] = parts
  if (suffix !== undefined) {
    const length = Number(suffix)
    if (length === 0) return 'unsatisfiable'
    // A suffix of an empty file is satisfiable by definition, but Content-Range has no form for it.
    return size === 0 ? undefined : { first: Math.max(0, size - length), last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? Infinity : Number(to)
  if (last < first) return undefined
  return first >= size ? 'unsatisfiable' : { first, last: Math.min(last, size - 1) }
}

function coalesce(wanted: readonly ByteRange[]): RangeOutcome {
  const byStart = wanted.map((range, position) => ({ ...range, position })).toSorted((a, b) => a.first - b.first)
  const merged: (typeof byStart)[number][] = []
  let overlaps = 0
  for (const next of byStart) {
    const current = merged.at(-1)
    if (current === undefined || next.first > current.last + 1) {
      merged.push(next)
      continue
    }
    if (next.first <= current.last && ++overlaps > toleratedOverlaps) return 'full'
    current.last = Math.max(current.last, next.last)
    current.position = Math.min(current.position, next.position)
  }
  // RFC 9110 section 15.3.7.2: parts are sent in the requested order.
  return merged.toSorted((a, b) => a.position - b.position).map(({ first, last }) => ({ first, last }))
}
