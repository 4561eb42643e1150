/** Patterns of what is served although a rule is against it. */
export interface ServePatterns {
  /** Whether a pattern means the name at this depth of a path, or the whole path. */
  allow(names: readonly string[], depth: number): boolean
}

/**
 * Compiles patterns. One without a slash means a name in any folder; one with a slash means a path below the served
 * folder, and what leads to it; `folder/` is short for `folder/**`. `*` stands for any part of a name, `**` for any folders, `?` for one character; a
 * wildcard does not stand for the dot at the start of a name. Compared without case, as the rules are.
 */
export function createServePatterns(patterns: readonly string[]): ServePatterns {
  const names = patterns.filter((pattern) => !pattern.includes('/')).map(compile)
  const paths = patterns
    .filter((pattern) => pattern.includes('/'))
    .map((pattern) => compile(pattern.replace(/^\.?\//, '')))

  return {
    allow(path, depth) {
      const name = path[depth] ?? ''
      if (names.some((pattern) => pattern.test(name))) return true
      if (paths.length === 0) return false
      const whole = path.join('/')
      const part = path.slice(0, depth + 1).join('/')
      return paths.some((pattern) => pattern.test(whole) || pattern.test(part))
    },
  }
}

function compile(pattern: string): RegExp {
  const names = pattern.split('/').filter((name) => name !== '')
  // `folder/**`, or `folder/` for short: the folder and what is in it.
  const isWhole = names.at(-1) === '**' || pattern.endsWith('/')
  if (names.at(-1) === '**') names.pop()
  const source = names.map((name) => (name === '**' ? `(?:${anyName}/)*` : `${nameSource(name)}/`)).join('')
  const start = source.replace(/\/$/, '')
  return new RegExp(isWhole ? `^${start}(?:(?:^|/)${anyName})*$` : `^${start}$`, 'is')
}

/** A name that does not begin with a dot. */
const anyName = '(?!\\.)[^/]+'

function nameSource(name: string): string {
  const guard = /^[*?]/.test(name) ? '(?!\\.)' : ''
  return (
    guard + name.replace(/[*?]|[^\w]/g, (found) => (found === '*' ? '[^/]*' : found === '?' ? '[^/]' : escaped(found)))
  )
}

function escaped(character: string): string {
  return /[$()+./[\\\]^{|}-]/.test(character) ? `\\${character}` : character
}
