import { isAbsolute, relative, sep } from 'node:path'

const names = new Set([
  'node_modules',
  'bower_components',
  '.git',
  '.hg',
  '.svn',
  '.cache',
  '__pycache__',
  '.DS_Store',
  // Vim finds out with a file of this name whether it may write to a folder.
  '4913',
])
const temporary = /~$|^\.#|^#.*#$|\.(?:sw[pxo]|tmp|crdownload)$|___jb_(?:tmp|old)___$/

/** Whether a file or folder of this name is never watched: of version control, of packages, or of an editor's save. */
export function isIgnoredName(name: string): boolean {
  return names.has(name) || temporary.test(name)
}

/** Whether a name below one of the folders is ignored; what is in none of them is not. The nearest folder counts. */
export function isIgnoredBelow(path: string, folders: readonly string[]): boolean {
  const inside = folders.map((folder) => relative(folder, path)).filter((each) => isInside(each))
  const nearest = inside.toSorted((one, other) => one.length - other.length)[0]
  return nearest !== undefined && nearest.split(sep).some((name) => isIgnoredName(name))
}

/** Globs of the user, loaded when there are any. */
export interface Globs {
  /** Settles when `matches` can be believed; undefined when it can from the start. */
  readonly ready: Promise<void> | undefined
  /** Whether one of the globs matches the path, or a folder above it. */
  matches(path: string): boolean
}

/** Globs relative to each of the folders, or absolute. A glob that matches a folder matches what is in it. */
export function createGlobs(globs: readonly string[], folders: readonly string[]): Globs {
  if (globs.length === 0) return { ready: undefined, matches: () => false }
  let test: (text: string) => boolean = () => false
  async function load(): Promise<void> {
    const { default: picomatch } = await import('picomatch')
    const all = globs.map((glob) =>
      slashed(glob)
        .replace(/^\.\//, '')
        .replace(/(?<=.)\/$/, ''),
    )
    test = picomatch([...all, ...all.map((glob) => `${glob}/**`)], { dot: true })
  }
  return {
    ready: load(),
    matches(path) {
      const below = folders.map((folder) => relative(folder, path)).filter((each) => isInside(each))
      return [path, ...below].some((each) => test(slashed(each)))
    },
  }
}

/** Globs are written with slashes on every system. */
export function slashed(path: string): string {
  return sep === '\\' ? path.replaceAll('\\', '/') : path
}

function isInside(path: string): boolean {
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}
