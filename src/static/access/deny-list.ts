import { extensionRules, nameRules, pathRuleNames, pathRules, patternRules, type DenyRule } from './deny-rules.ts'
import { createServePatterns } from './serve-patterns.ts'

/** What is known of a file or folder beside its name. */
export interface FoundFile {
  readonly isFolder: boolean
  readonly size: number
  /** The first bytes of a file; undefined where they cannot be read. */
  readonly head: () => Uint8Array | undefined
}

/** What decides which names are served. */
export interface DenyOptions {
  /** Whether ordinary names that start with a dot are served. */
  readonly dotfiles: boolean
  /** Patterns of names and paths that are served although a rule is against them. */
  readonly serve: readonly string[]
}

/** Which files and folders are kept from every client. */
export interface DenyList {
  /**
   * Why a file or folder is kept back: a plain 404, and no line in a listing. Undefined where it is not.
   *
   * Names are compared without case, since the disk may be case-blind. Keys, credentials, histories, backups and their
   * kin are kept back by the rules of `deny-rules.ts`; unless `dotfiles`, so is every other name that starts with a dot,
   * except `.well-known` (RFC 8615) and the package stores directly below `node_modules`.
   *
   * @param names Path below the served folder, name by name.
   * @param found What is there. Without it only those rules hold that need neither the kind nor the content.
   */
  denialOf(names: readonly string[], found?: FoundFile): string | undefined
}

/** Longest name of a file on any system, in characters (NAME_MAX). */
const longestName = 255

/** Stores of package managers below `node_modules`, where the links to packages end. */
const packageStores: ReadonlySet<string> = new Set(['.pnpm', '.store', '.bun', '.deno'])

/** A folder, as what leads to a file is one. */
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
      // What `--dotfiles` alone would not open: the reason names the option that does.
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

/** Finds the rules that fit a text. Nearly every text fits none: one test instead of two dozen. */
function finder(rules: PatternRules): (text: string) => DenyRule[] {
  const any = new RegExp(rules.map(([{ source }]) => `(?:${source})`).join('|'))
  return (text) => (any.test(text) ? rules.filter(([pattern]) => pattern.test(text)).map(([, rule]) => rule) : [])
}

const rulesOfName = finder(patternRules)
const rulesOfPath = finder(pathRules)

/** What the rules call a name; a compressed copy is what its original is. */
function secretOf(names: readonly string[], depth: number, found: FoundFile | undefined): string | undefined {
  const given = names[depth] ?? ''
  // No file has such a name, and no pattern needs to be quick with it.
  if (given.length > longestName) return undefined
  const name = given.toLowerCase()
  const plain = name.replace(/(?<=.)(?:\.(?:br|gz|zst|bz2|xz))+$/, '')
  // What a compressed copy holds is not looked into.
  const inside = plain === name ? found : found && { ...found, head: () => undefined }
  return rulesFor(names, depth, plain).find((rule) => applies(rule, inside))?.what
}

function rulesFor(names: readonly string[], depth: number, name: string): DenyRule[] {
  const dot = name.lastIndexOf('.')
  const rules = [nameRules.get(name), dot === -1 ? undefined : extensionRules.get(name.slice(dot + 1))]
  rules.push(...rulesOfName(name))
  const folders = names.slice(Math.max(0, depth + 1 - pathRuleNames), depth)
  // Every path of these goes through a folder whose name holds a dot.
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
// Wildcards and commas mean something to the option, the others to a shell even within double quotes.
const quotablePath = /^[^\s"$`\\!*?,\p{C}-](?:[^"$`\\!*?,\p{C}]*[^\s"$`\\!*?,\p{C}])?$/u

/** The option that serves it, as it can be pasted; without the path where no quoting holds in every shell. */
function optionFor(names: readonly string[], depth: number): string {
  const path = names.slice(0, depth + 1).join('/')
  if (plainPath.test(path)) return ` (--serve ${path})`
  return quotablePath.test(path) ? ` (--serve "${path}")` : ' (--serve)'
}

function isHidden(name: string, folder: string | undefined): boolean {
  if (!name.startsWith('.') || name.toLowerCase() === '.well-known') return false
  return !(folder === 'node_modules' && packageStores.has(name))
}
