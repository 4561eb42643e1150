import { isPlainObject } from '../plain-object.ts'

/** The path below which requests are rewritten, and what replaces it. Both without a final slash, `''` for the root. */
export interface Replacement {
  readonly from: string
  readonly to: string
}

/** How a rewrite of paths is carried over: the replacement for every path, those below it in the order in which they apply, and what is lost. */
export interface ReadRewrite {
  readonly replacements: readonly Replacement[]
  readonly lost: readonly string[]
}

/** A rewrite that does what the matched prefix cannot express. The route would send wrong paths. */
export const noCounterpart: unique symbol = Symbol('a rewrite without a counterpart')

/** Reads `rewrite` and `pathRewrite`, a function or a table of regular expressions, for requests below a path. */
export function readRewrite(rewrite: unknown, path: string): ReadRewrite | typeof noCounterpart {
  const from = path === '/' ? '' : path
  if (rewrite === undefined || rewrite === null) return { replacements: [{ from, to: from }], lost: [] }
  if (typeof rewrite === 'function') return readFunction(rewrite as (path: string) => unknown, from)
  return isPlainObject(rewrite) ? readTable(rewrite, from) : noCounterpart
}

/** What comes behind the prefix in the examples. */
const examples = ['/', '/a', '/a/b', '/a.json', '/a/b/?c=d&e=/f', '/a%20b//c', '/api/v1/users/5']

/** Calls the function with examples: a function that replaces the prefix in each one is a replacement. */
function readFunction(rewrite: (path: string) => unknown, from: string): ReadRewrite | typeof noCounterpart {
  const call = (path: string): string | undefined => {
    try {
      const result = rewrite(path)
      // Empty segments are joined where the path is appended to the target.
      return typeof result === 'string' ? `/${result}`.replace(/^\/+/, '/') : undefined
    } catch {
      return undefined
    }
  }
  const [example = ''] = examples.slice(-1)
  const first = call(from + example)
  if (first?.endsWith(example) !== true) return noCounterpart
  const to = first.slice(0, -example.length)
  if (examples.some((rest) => call(from + rest) !== `${to}${rest}`.replace(/^\/+/, '/'))) return noCounterpart
  const bare = from === '' ? to : call(from)
  const lost = bare === to || bare === `${to}/` ? [] : [`${from} alone becomes ${bare ?? 'nothing'} there`]
  return { replacements: [{ from, to }], lost }
}

/** Regular expressions in their order; the first one that matches rewrites. */
function readTable(table: Readonly<Record<string, unknown>>, from: string): ReadRewrite | typeof noCounterpart {
  const deeper: Replacement[] = []
  let whole: Replacement | undefined
  for (const [expression, value] of Object.entries(table)) {
    const rule = readRule(expression, value)
    if (rule === undefined) return noCounterpart
    // What comes behind a rule for all paths never matches.
    if (whole !== undefined) continue
    if (rule.from === from || isBelow(from, rule.from)) whole = { from, to: rule.to + from.slice(rule.from.length) }
    else if (isBelow(rule.from, from)) deeper.push(rule)
  }
  return { replacements: [whole ?? { from, to: from }, ...deeper], lost: [] }
}

/** `^/api`, `^/api/`, `/api` and `^/api(/|$)` with a plain text. A slash at the end of both stands for none. */
function readRule(expression: string, value: unknown): Replacement | undefined {
  if (typeof value !== 'string' || /[$?#]/.test(value)) return undefined
  const bare = expression
    .replace(/^\^/, '')
    .replaceAll('\\/', '/')
    .replace(/\((?:\/\|\$|\$\|\/)\)$|\/\?$|\/?\.\*$/, '')
  if (!/^\/[\w\-/~%@:]*$/.test(bare)) return undefined
  const end = (text: string): string => text.replace(/\/+$/, '')
  return { from: end(bare), to: end(value.startsWith('/') || value === '' ? value : `/${value}`) }
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(`${prefix}/`)
}
