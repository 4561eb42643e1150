import type { ProxyProgram } from './types.ts'
import type { MatchOptions } from '../route-types.ts'

/** A context of another program as a match; or why there is none. */
export type ReadContext =
  | { readonly match: Pick<MatchOptions, 'path' | 'pattern'>; readonly path: string; readonly note?: string }
  | { readonly why: string }

/** Characters of a path that mean themselves in a regular expression and in a glob. */
const literal = /^\/[\w\-.~/%@:,+=&;]*$/

/**
 * Reads a context: a prefix, a glob, or in Vite a regular expression that begins with `^`.
 *
 * @returns the match, and in `path` its literal beginning, which a path in the target replaces
 */
export function readContexts(context: unknown, program: ProxyProgram): readonly ReadContext[] {
  if (typeof context === 'function') return [{ why: 'a function chooses the requests' }]
  if (typeof context !== 'string') return [{ why: 'the context is no text' }]
  const isVite = program === 'vite' || program === 'angular'
  if (isVite && context.startsWith('^')) return readExpression(context)
  if (program === 'vite' || !/[*?!{}[\]()]/.test(context)) return [readPrefix(context)]
  return [readGlob(context, program)]
}

function readPrefix(context: string): ReadContext {
  const path = context.startsWith('/') ? context : `/${context}`
  if (!literal.test(path)) return { why: 'the context is neither a path nor a known pattern' }
  if (path === '/') return { match: { path }, path: '/' }
  const bare = path.replace(/\/+$/, '')
  return { match: { path: bare }, path: bare }
}

/** Globs as micromatch reads them. Webpack cuts a final `/*` off. */
function readGlob(context: string, program: ProxyProgram): ReadContext {
  if (context === '*' || context === '**' || context === '/**') return { match: { path: '/' }, path: '/' }
  const isWebpack = program === 'webpack-dev-server'
  const bare = context.replace(isWebpack ? /\/\*\*?$/ : /\/\*\*(?:\/\*)?$/, '')
  if (literal.test(bare)) return readPrefix(bare)
  const segments = bare.slice(1).split('/')
  const isPattern = bare.startsWith('/') && segments.every((each) => each === '*' || /^[\w\-.~]+$/.test(each))
  if (!isPattern) return { why: 'the glob has no counterpart' }
  const path = bare.slice(0, bare.indexOf('/*')) || '/'
  return { match: { pattern: bare === context ? bare : `${bare}/**` }, path }
}

/** `^/api`, `^/api/.*`, `^\/api(/|$)` and `^/(api|auth)`, which are prefixes. */
function readExpression(context: string): readonly ReadContext[] {
  const bare = context
    .slice(1)
    .replaceAll('\\/', '/')
    .replaceAll('\\.', '\0')
    .replace(/(?:\(\?:|\()(?:\/\|\$|\$\|\/)\)$/, '')
    .replace(/\/?\.\*\$?$/, '')
  const [, before = '', choice, after = ''] = /^([^()]*)\((?:\?:)?([^()]+)\)([^()]*)$/.exec(bare) ?? []
  const texts = choice === undefined ? [bare] : choice.split('|').map((each) => before + each + after)
  const paths = texts.map((text) => text.replaceAll('\0', '.'))
  // A dot stands for any character unless it is escaped.
  const isLiteral = texts.every((text) => !text.includes('.')) && paths.every((path) => literal.test(path))
  return isLiteral && !/[+]/.test(bare) ? paths.map(readPrefix) : [{ why: 'the regular expression has no counterpart' }]
}
