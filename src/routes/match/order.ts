import type { ResolvedCondition, ResolvedMatch } from '../../config/route-types.ts'
import { decodeOctets } from '../../http/message/matching-path.ts'

/*
 * The most specific of several matching routes answers. The first difference in this order decides:
 *
 *   1. host        a name, then `*.example.test` (longer ones first), then any
 *   2. path        segment by segment from the left: a literal, then the end of the path, then `*`, then any rest.
 *                  So `/api/v1` beats `/api`, an exact path beats the prefix of the same length, `/users/me` beats `/users/*`
 *   3. conditions  more conditions first; all methods count as one, all listeners too, each header, cookie and query parameter as one
 *   4. values      of equally many conditions, more that require a value and not only presence
 *   5. folders     folders come after every other route with the same path
 *   6. HEAD        a route that names HEAD comes before one that answers it because it names GET
 *
 * Two routes that are equal in this order and can match the same request are a configuration error.
 */

/** `'*'` for one segment, `'**'` for any rest, otherwise a literal, decoded. */
export type PathPart = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'one' | 'rest' | 'end' }

const weights: Readonly<Record<PathPart['kind'], number>> = { literal: 3, end: 2, one: 1, rest: 0 }

/** The parts of a match that decide its place in the order. */
export interface Specificity {
  readonly host: string | undefined
  readonly parts: readonly PathPart[]
  readonly conditions: readonly ResolvedCondition[]
  readonly listeners: readonly string[]
  readonly methods: readonly string[]
  readonly isFolder: boolean
}

/** The parts of a match's path. The last one is `rest` or `end`. */
export function pathParts({ kind, path }: Pick<ResolvedMatch, 'kind' | 'path'>): readonly PathPart[] {
  const segments = path === '/' && kind === 'prefix' ? [] : path.slice(1).split('/')
  const last = segments.at(-1)
  const isOpen = kind === 'prefix' || (kind === 'pattern' && last === '**')
  const named = kind === 'pattern' && last === '**' ? segments.slice(0, -1) : segments
  const parts = named.map((segment): PathPart => {
    if (kind === 'pattern' && segment === '*') return { kind: 'one' }
    return { kind: 'literal', text: decodeOctets(segment) }
  })
  return [...parts, { kind: isOpen ? 'rest' : 'end' }]
}

/** Compare function for sorting: below 0 if the first is more specific. */
export function compareSpecificity(a: Specificity, b: Specificity): number {
  return compareRanks(a, b) || Number(b.methods.includes('HEAD')) - Number(a.methods.includes('HEAD'))
}

function compareRanks(a: Specificity, b: Specificity): number {
  return (
    hostWeight(b.host) - hostWeight(a.host) ||
    comparePaths(a.parts, b.parts) ||
    conditionCount(b) - conditionCount(a) ||
    valueCount(b) - valueCount(a) ||
    Number(a.isFolder) - Number(b.isFolder)
  )
}

/** Whether two matches are equally specific and can match the same request. */
export function areTied(a: Specificity, b: Specificity): boolean {
  return (
    compareRanks(a, b) === 0 &&
    a.host === b.host &&
    a.parts.every((part, i) => isSamePart(part, b.parts[i])) &&
    meet(a.methods, b.methods) &&
    meet(a.listeners, b.listeners) &&
    !a.conditions.some((one) => b.conditions.some((other) => excludes(one, other)))
  )
}

/** Whether two lists have a name in common; an empty one is for every name. */
function meet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === 0 || others.length === 0 || some.some((name) => others.includes(name))
}

/** Whether a match has conditions beside its path. */
export function isConditional(match: Specificity): boolean {
  return match.host !== undefined || conditionCount(match) > 0
}

function hostWeight(host: string | undefined): number {
  if (host === undefined) return 0
  return host.startsWith('.') ? host.length : 1000
}

function comparePaths(a: readonly PathPart[], b: readonly PathPart[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = weights[(b[i] as PathPart).kind] - weights[(a[i] as PathPart).kind]
    if (difference !== 0) return difference
  }
  return b.length - a.length
}

function isSamePart(a: PathPart, b: PathPart | undefined): boolean {
  return a.kind === b?.kind && (a.kind !== 'literal' || b.kind !== 'literal' || a.text === b.text)
}

function conditionCount({ conditions, methods, listeners }: Specificity): number {
  return conditions.length + (methods.length > 0 ? 1 : 0) + (listeners.length > 0 ? 1 : 0)
}

function valueCount({ conditions }: Specificity): number {
  return conditions.filter(([, expected]) => typeof expected === 'string').length
}

function excludes([name, expected]: ResolvedCondition, [otherName, other]: ResolvedCondition): boolean {
  if (name !== otherName || expected === other) return false
  return (typeof expected === 'string' && typeof other === 'string') || expected === false || other === false
}
