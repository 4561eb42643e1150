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
  /** Whether it looks at texts that can hold a secret. Otherwise it can be asked before they are redacted. */
  readonly readsTexts: boolean
}

/**
 * Compiles a filter. The work is linear in what it compares: it has globs and no regular expressions of the user.
 *
 * @throws FilterError
 */
export function compileFilter(text: string): ExchangeFilter {
  const tree = parseFilter(text)
  const readsContent = reads(tree, ['content'])
  return { matches: compile(tree), readsContent, readsTexts: reads(tree, ['content', 'text']) }
}

function compile(node: FilterNode): Predicate {
  if (node.kind === 'term') return compileTerm(node)
  if (node.kind === 'not') {
    const inner = compile(node.of)
    return (exchange) => !inner(exchange)
  }
  // Heads are compared before content, which costs more.
  const members = node.of
    .toSorted((one, other) => Number(reads(one, ['content'])) - Number(reads(other, ['content'])))
    .map(compile)
  return node.kind === 'all'
    ? (exchange) => members.every((member) => member(exchange))
    : (exchange) => members.some((member) => member(exchange))
}

function reads(node: FilterNode, what: readonly string[]): boolean {
  // Words are looked for in the URL.
  if (node.kind === 'term') return what.includes(node.key === '' ? 'text' : (readBy(node.key) ?? ''))
  return node.kind === 'not' ? reads(node.of, what) : node.of.some((each) => reads(each, what))
}

function readBy(key: string): string | undefined {
  return Object.hasOwn(filterKeys, key) ? filterKeys[key]?.reads : undefined
}
