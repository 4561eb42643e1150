import type { Suggestion } from '../../core/serve-error.ts'
import { isOptionalValue, type Flag } from './flags.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { commandLine } from './command-line.ts'

/**
 * The command that was typed, with one option set as a fix asks: what the flag said before is replaced, unless it
 * can be given several times, and everything else stays.
 */
export function correctedCommand(
  argv: readonly string[],
  { option, value }: Suggestion,
  flags: readonly Flag[],
): string {
  const flag = flags.find(({ key }) => key === option)
  if (flag === undefined) return commandLine(argv)
  const isAdded = typeof value === 'object'
  const kept = isAdded ? [...argv] : withoutFlag(argv, flag)
  const added = (typeof value === 'object' ? value : [value]).flatMap((each) => [`--${flag.name}`, String(each)])
  const end = kept.includes('--') ? kept.indexOf('--') : kept.length
  return commandLine(kept.toSpliced(end, 0, ...added))
}

/** The command that was typed, with one of its words in another form. */
export function replaceWord(argv: readonly string[], word: string, ...by: readonly string[]): string {
  const at = argv.lastIndexOf(word)
  return commandLine(at === -1 ? [...argv, ...by] : argv.toSpliced(at, 1, ...by))
}

/** The command that was typed, with some of its words, each once, in another form. */
export function replaceWords(argv: readonly string[], words: readonly string[], by: readonly string[]): string {
  const places = words.map((word, i) => [argv.lastIndexOf(word), by[i] ?? word] as const)
  return commandLine(argv.map((word, at) => places.find(([place]) => place === at)?.[1] ?? word))
}

/** A fix in the middle of a sentence: ``restart it with `--allow-host my.app` added``. */
export function addedFlag({ option, value }: Suggestion, flags: readonly Flag[]): string {
  const name = flags.find(({ key }) => key === option)?.name ?? option
  const words = (typeof value === 'object' ? value : [value]).map((each) => `--${name} ${shellQuote(String(each))}`)
  return `restart it with \`${words.join(' ')}\` added`
}

function withoutFlag(argv: readonly string[], flag: Flag): string[] {
  const names = [flag.name, ...flag.aliases]
  const letters = flag.aliases.filter((alias) => alias.length === 1)
  const kept: string[] = []
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string
    if (i >= end) {
      kept.push(word)
      continue
    }
    const [, dashes = '', name = '', attached] = /^(--?)(?:no-)?([^=]+)(=.*)?$/s.exec(word) ?? []
    const bundled = dashes === '-' && name.length > 1 && letters.includes(name.at(-1) as string)
    const isIt = dashes !== '' && names.includes(name)
    if (!isIt && !bundled) {
      kept.push(word)
      continue
    }
    if (bundled) kept.push(`-${name.slice(0, -1)}`)
    if (attached === undefined && takesNext(flag, argv[i + 1])) i++
  }
  return kept
}

function takesNext(flag: Flag, next: string | undefined): boolean {
  if (flag.kind === 'boolean' || next === undefined || next.startsWith('-')) return false
  return flag.kind !== 'optional' || isOptionalValue(flag, next)
}
