import { isAbsolute, relative, sep } from 'node:path'

/** A path as a person in `cwd` would write it: `.`, `./site`, or the whole path where it lies elsewhere. */
export function displayPath(path: string, cwd: string): string {
  if (path === '') return 'no folder'
  const way = relative(cwd, path)
  if (way === '') return '.'
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return path
  return `.${sep}${way}`
}
