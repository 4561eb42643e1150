import { ServeError } from '../../core/serve-error.ts'

/** A value of a term. */
export interface FilterValue {
  readonly text: string
  /** In quotes it is taken as it is: `*` is a character then. */
  readonly isQuoted: boolean
}

/** `key:value`, `key:one,other`, or words without a key. */
export interface FilterTerm {
  readonly kind: 'term'
  /** In lower case; empty for words, which are looked for in the whole URL and in what the log says. */
  readonly key: string
  /** One of them must match. */
  readonly values: readonly FilterValue[]
  /** Where it begins in the filter, from 0. */
  readonly at: number
}

/** The syntax tree of a filter. `all` without members matches everything. */
export type FilterNode =
  | { readonly kind: 'all' | 'any'; readonly of: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly of: FilterNode }
  | FilterTerm

/** A filter cannot be read. The hint is a filter that can. */
export class FilterError extends ServeError {
  /** Where the wrong part begins in the filter, from 0. */
  readonly at: number

  constructor(message: string, at: number, hint: string) {
    super('E8008_FILTER', `${message}, at character ${at + 1} of the filter.`, { hint })
    this.at = at
  }
}

/** Most characters of a filter. */
const longestFilter = 4096
/** Most parentheses and negations within each other. */
const deepest = 64

/** What ends a value and a word that are not quoted. */
const space = /\s/
const bare = /[^\s()",]+/y
const bareWords = /[^\s()"]+/y
const quoted = /"((?:[^"\\]|\\.)*)"/sy
const keyed = /([a-z]+)(?::|(?=[<>]))/iy

/** How mitmproxy writes what a key says here. */
const mitmproxy: Readonly<Record<string, string>> = {
  m: 'method:POST',
  c: 'status:500',
  d: 'host:*.localhost',
  u: 'url:login',
  b: 'body:"token"',
  t: 'type:json',
  h: 'header:accept',
  e: 'is:error',
  websocket: 'is:ws',
}

/**
 * Reads a filter: terms side by side or with `AND` (also `and`, `&`), `OR` (`or`, `|`), a negation with `-`, `!` or
 * `NOT`, and parentheses. `OR` binds less than `AND`, as in searches of GitHub and filters of mitmproxy.
 *
 * @throws FilterError
 */
export function parseFilter(text: string): FilterNode {
  let at = 0
  let depth = 0

  function skipSpace(): void {
    while (at < text.length && space.test(text[at] as string)) at++
  }

  /** An operator at this place, which ends where a word would. */
  function operator(pattern: RegExp): boolean {
    skipSpace()
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return false
    at += found[0].length
    return true
  }

  function any(): FilterNode {
    const of = [all()]
    while (operator(/(?:or(?![^\s()"])|\|\|?)/iy)) of.push(all())
    return of.length === 1 ? (of[0] as FilterNode) : { kind: 'any', of }
  }

  function all(): FilterNode {
    const of: FilterNode[] = [negated()]
    for (;;) {
      const isJoined = operator(/(?:and(?![^\s()"])|&&?)/iy)
      skipSpace()
      const isEnd =
        at >= text.length || text[at] === ')' || text[at] === '|' || /or(?![^\s()"])/iy.test(text.slice(at, at + 3))
      if (isEnd && !isJoined) break
      of.push(negated())
    }
    return of.length === 1 ? (of[0] as FilterNode) : { kind: 'all', of }
  }

  function negated(): FilterNode {
    if (++depth > deepest)
      throw new FilterError(`More than ${deepest} parentheses or negations within each other`, at, 'status:5xx')
    const isNegated = operator(/(?:not(?![^\s()"])|[-!](?=\S))/iy)
    const node: FilterNode = isNegated ? { kind: 'not', of: negated() } : primary()
    depth--
    return node
  }

  function primary(): FilterNode {
    skipSpace()
    const start = at
    if (at >= text.length)
      throw new FilterError('The filter ends where a term must follow', at, 'method:POST OR method:PUT')
    if (text[at] === ')') throw new FilterError('A ")" without its "("', at, '(status:4xx OR status:5xx) method:POST')
    if (operator(/(?:(?:and|or)(?![^\s()"])|[&|])/iy)) {
      throw new FilterError(
        'AND and OR stand between two terms; a word is in quotes',
        start,
        'method:POST OR method:PUT',
      )
    }
    if (text[at] !== '(') return term()
    at++
    skipSpace()
    const node = any()
    skipSpace()
    if (text[at] !== ')')
      throw new FilterError('A "(" without its ")"', start, '(status:4xx OR status:5xx) method:POST')
    at++
    return node
  }

  function term(): FilterTerm {
    const start = at
    keyed.lastIndex = at
    const key = keyed.exec(text)
    if (key === null) return { kind: 'term', key: '', values: [value(bareWords)], at: start }
    at = keyed.lastIndex
    const values = [value(bare)]
    while (text[at] === ',') {
      at++
      values.push(value(bare))
    }
    return { kind: 'term', key: (key[1] as string).toLowerCase(), values, at: start }
  }

  function value(unquoted: RegExp): FilterValue {
    const start = at
    const isQuoted = text[at] === '"'
    const pattern = isQuoted ? quoted : unquoted
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) {
      at = pattern.lastIndex
      refuseForeign(found[0], start)
      return isQuoted ? { text: (found[1] as string).replace(/\\(.)/gs, '$1'), isQuoted } : { text: found[0], isQuoted }
    }
    if (isQuoted) throw new FilterError('A quote without its end', start, 'body:"a token"')
    throw new FilterError('A value must follow', start, 'status:5xx')
  }

  if (text.length > longestFilter) {
    throw new FilterError(`The filter is longer than ${longestFilter} characters`, longestFilter, 'status:5xx')
  }
  skipSpace()
  if (at >= text.length) return { kind: 'all', of: [] }
  const node = any()
  skipSpace()
  if (at < text.length) throw new FilterError('A ")" without its "("', at, '(status:4xx OR status:5xx) method:POST')
  return node
}

/** `~m POST` is mitmproxy's way. @throws FilterError */
function refuseForeign(word: string, at: number): void {
  const name = /^~([a-z]+)$/.exec(word)?.[1]
  if (name === undefined) return
  throw new FilterError(`${word} is an operator of mitmproxy`, at, mitmproxy[name] ?? 'url:login')
}

/** Writes a filter, which {@link parseFilter} reads as the same tree. */
export function formatFilter(node: FilterNode): string {
  switch (node.kind) {
    case 'term':
      return `${node.key === '' ? '' : `${node.key}:`}${node.values.map(formatValue).join(',')}`
    case 'not':
      return `-${group(node.of, node.of.kind === 'all' || node.of.kind === 'any')}`
    case 'all':
      return node.of.map((each) => group(each, each.kind === 'all' || each.kind === 'any')).join(' ')
    case 'any':
      return node.of.map((each) => group(each, each.kind === 'any')).join(' OR ')
  }
}

function group(node: FilterNode, isGrouped: boolean): string {
  return isGrouped ? `(${formatFilter(node)})` : formatFilter(node)
}

function formatValue({ text, isQuoted }: FilterValue): string {
  return isQuoted ? `"${text.replace(/["\\]/g, '\\$&')}"` : text
}
