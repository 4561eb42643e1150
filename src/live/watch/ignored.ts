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
  // Vim makes a file of this name to test whether it can write to a folder.
  '4913',
])
const temporary = /~$|^\.#|^#.*#$|\.(?:sw[pxo]|tmp|crdownload)$|___jb_(?:tmp|old)___$/

/** Whether a name is never watched: version control, packages, and temporary files of editors. */
export function isIgnoredName(name: string): boolean {
  return names.has(name) || temporary.test(name)
}

/** Whether a path has an ignored name below the nearest of the folders. A path outside them is not ignored. */
export function isIgnoredBelow(path: string, folders: readonly string[]): boolean {
  const inside = folders.map((folder) => relative(folder, path)).filter((each) => isInside(each))
  const nearest = inside.toSorted((one, other) => one.length - other.length)[0]
  return nearest !== undefined && nearest.split(sep).some((name) => isIgnoredName(name))
}

/** Globs of the user. picomatch is loaded when there are any. */
export interface Globs {
  /** Resolves when `matches` works; undefined when it works from the start. */
  readonly ready: Promise<void> | undefined
  /** Whether a glob matches the path, or a folder above it. */
  matches(path: string): boolean
}

/** Compiles globs, relative to each of the folders or absolute. A glob that matches a folder matches every path below. */
export function createGlobs(globs: readonly string[], folders: () => readonly string[]): Globs {
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
      const below = folders()
        .map((folder) => relative(folder, path))
        .filter((each) => isInside(each))
      return [path, ...below].some((each) => test(slashed(each)))
    },
  }
}

/** A path with slashes, as globs need it on every system. */
export function slashed(path: string): string {
  return sep === '\\' ? path.replaceAll('\\', '/') : path
}

function isInside(path: string): boolean {
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}
