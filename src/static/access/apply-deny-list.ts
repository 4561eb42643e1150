import { extensionRules, nameRules, pathRuleNames, pathRules, patternRules, type DenyRule } from './deny-list.ts'
import { latePattern } from '../../core/util/late-pattern.ts'
import { createServePatterns } from './serve-patterns.ts'

/** Facts about a file or folder other than its name. */
export interface FoundFile {
  readonly isFolder: boolean
  readonly size: number
  /** The first bytes of a file; undefined if they cannot be read. */
  readonly head: () => Uint8Array | undefined
}

/** Options of {@link createDenyList}. */
export interface DenyOptions {
  /** Whether ordinary names that start with a dot are served. */
  readonly dotfiles: boolean
  /** Patterns of names and paths that are served although a rule denies them. */
  readonly serve: readonly string[]
}

/** Decides which files and folders no client receives. */
export interface DenyList {
  /**
   * Why a file or folder is hidden, which means a 404 and no line in a listing; undefined if it is served.
   *
   * Names are compared without case, since the file system may ignore it. `deny-list.ts` has the rules for keys,
   * credentials, histories, backups and similar files. Without `dotfiles` every other name that starts with a dot is
   * hidden too, except `.well-known` (RFC 8615) and the package stores directly below `node_modules`.
   *
   * @param names Path below the served folder, name by name.
   * @param found The file or folder at that path. Without it, rules that depend on its kind or content do not apply.
   */
  denialOf(names: readonly string[], found?: FoundFile): string | undefined
}

/** Longest file name on any system, in characters (NAME_MAX). */
const longestName = 255

/** Stores of package managers below `node_modules`, which links to packages point to. */
const packageStores: ReadonlySet<string> = new Set(['.pnpm', '.store', '.bun', '.deno'])

/** The facts of a folder, for each name before the last of a path. */
export const foundFolder: FoundFile = { isFolder: true, size: 0, head: () => undefined }

const unknownFile: FoundFile = { isFolder: false, size: 0, head: () => undefined }

/** Makes the deny list of a site. */
export function createDenyList({ dotfiles, serve }: DenyOptions): DenyList {
  const patterns = createServePatterns(serve)

  return {
    denialOf(names, found) {
      const secret = secretIn(names, found)
      if (secret !== undefined || dotfiles) return secret
      if (!names.some((name, depth) => isHidden(name, names[depth - 1]) && !patterns.allow(names, depth)))
        return undefined
      // A secret file that is hidden by its dot too: the reason names the option that serves it.
      return secretIn(names, found ?? unknownFile) ?? 'dotfile (--dotfiles)'
    },
  }

  function secretIn(names: readonly string[], found: FoundFile | undefined): string | undefined {
    for (const depth of names.keys()) {
      const what = secretOf(names, depth, depth === names.length - 1 ? found : foundFolder)
      if (what !== undefined && !patterns.allow(names, depth)) return `${what}${optionFor(names, depth)}`
    }
    return undefined
  }
}

type PatternRules = readonly (readonly [pattern: RegExp, rule: DenyRule])[]

/** Finds the rules that match a text. Nearly every text matches none, so one combined pattern is tested first. */
function finder(rules: PatternRules): (text: string) => DenyRule[] {
  const any = new RegExp(rules.map(([{ source }]) => `(?:${source})`).join('|'))
  return (text) => (any.test(text) ? rules.filter(([pattern]) => pattern.test(text)).map(([, rule]) => rule) : [])
}

const rulesOfName = finder(patternRules)
const rulesOfPath = finder(pathRules)

/** What kind of secret a name is. A compressed copy is judged like its original. */
function secretOf(names: readonly string[], depth: number, found: FoundFile | undefined): string | undefined {
  const given = names[depth] ?? ''
  // No file has a longer name, and patterns may be slow on long text.
  if (given.length > longestName) return undefined
  const name = given.toLowerCase()
  const plain = name.replace(/(?<=.)(?:\.(?:br|gz|zst|bz2|xz))+$/, '')
  // The content of a compressed copy is not decoded.
  const inside = plain === name ? found : found && { ...found, head: () => undefined }
  return rulesFor(names, depth, plain).find((rule) => applies(rule, inside))?.what
}

function rulesFor(names: readonly string[], depth: number, name: string): DenyRule[] {
  const dot = name.lastIndexOf('.')
  const rules = [nameRules.get(name), dot === -1 ? undefined : extensionRules.get(name.slice(dot + 1))]
  rules.push(...rulesOfName(name))
  const folders = names.slice(Math.max(0, depth + 1 - pathRuleNames), depth)
  // Each path rule has a folder with a dot in its name.
  if (folders.some((folder) => folder.includes('.'))) {
    rules.push(...rulesOfPath([...folders, name].join('/').toLowerCase()))
  }
  return rules.filter((rule) => rule !== undefined)
}

function applies({ folders, confirms }: DenyRule, found: FoundFile | undefined): boolean {
  if (found === undefined || found.isFolder) return folders
  return confirms === undefined || confirms(found.head(), found.size)
}

const plainPath = /^[\w.@%+][\w.@%+/~-]*$/
// Wildcards and commas are syntax of the option, the other characters are syntax of shells even in double quotes.
const quotablePath = latePattern(String.raw`^[^\s"$\x60\\!*?,\p{C}-](?:[^"$\x60\\!*?,\p{C}]*[^\s"$\x60\\!*?,\p{C}])?$`)

/** The option that serves a path, ready to paste; without the path if no quoting works in every shell. */
function optionFor(names: readonly string[], depth: number): string {
  const path = names.slice(0, depth + 1).join('/')
  if (plainPath.test(path)) return ` (--serve ${path})`
  return quotablePath().test(path) ? ` (--serve "${path}")` : ' (--serve)'
}

function isHidden(name: string, folder: string | undefined): boolean {
  if (!name.startsWith('.') || name.toLowerCase() === '.well-known') return false
  return !(folder === 'node_modules' && packageStores.has(name))
}
