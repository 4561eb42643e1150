import type { RecordedExchange } from '../types.ts'
import { parseFilter, type FilterNode } from './syntax.ts'
import { compileTerm, filterKeys, type Predicate } from './terms.ts'

export { FilterError, formatFilter, parseFilter, type FilterNode } from './syntax.ts'
export { filterKeys } from './terms.ts'

/** A filter that was read and checked. */
export interface ExchangeFilter {
  /** Whether an exchange passes. */
  matches(exchange: RecordedExchange): boolean
  /** Whether it looks into content, which must be recorded then. */
  readonly readsContent: boolean
}

/**
 * Compiles a filter. The work is linear in what it compares: it has globs and no regular expressions of the user.
 *
 * @throws FilterError
 */
export function compileFilter(text: string): ExchangeFilter {
  const tree = parseFilter(text)
  return { matches: compile(tree), readsContent: readsContent(tree) }
}

function compile(node: FilterNode): Predicate {
  if (node.kind === 'term') return compileTerm(node)
  if (node.kind === 'not') {
    const inner = compile(node.of)
    return (exchange) => !inner(exchange)
  }
  // Heads are compared before content, which costs more.
  const members = node.of.toSorted((one, other) => Number(readsContent(one)) - Number(readsContent(other))).map(compile)
  return node.kind === 'all'
    ? (exchange) => members.every((member) => member(exchange))
    : (exchange) => members.some((member) => member(exchange))
}

function readsContent(node: FilterNode): boolean {
  if (node.kind === 'term') return Object.hasOwn(filterKeys, node.key) && filterKeys[node.key]?.readsContent === true
  return node.kind === 'not' ? readsContent(node.of) : node.of.some(readsContent)
}
