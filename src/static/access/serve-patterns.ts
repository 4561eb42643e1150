/** Patterns of files that are served although a rule denies them. */
export interface ServePatterns {
  /** Whether a pattern matches the name at this depth of a path, or the whole path. */
  allow(names: readonly string[], depth: number): boolean
}

/**
 * Compiles patterns. One without a slash matches a name in any folder; one with a slash matches a path below the served
 * folder and the folders above that path; `folder/` is short for `folder/**`. `*` matches any part of a name, `**` any
 * folders, `?` one character; no wildcard matches a dot at the start of a name. Case is ignored, as by the rules.
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
  // `folder/**` or `folder/`: the folder and everything in it.
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
