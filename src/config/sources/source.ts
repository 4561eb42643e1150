import type { Problem } from '../diagnostic.ts'
import { optionsByKey, type OptionEntry, type OptionKey } from '../options/option-table.ts'

/** Options of one source: the command line, the environment or a config file. */
export interface OptionSource {
  /** Options in the form of `ServeOptions`, not yet validated. Undefined resets an option to its default. */
  readonly options: Readonly<Record<string, unknown>>
  /** The origin of each option: `flag --port`, `env SERVE8008_PORT`, `file serve8008.config.js`. Inner keys of limits are joined with a dot. */
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
  /** For the path of a setting the option of a stronger source that gave its value: messages name that one. */
  readonly names?: ReadonlyMap<string, string>
  /** Changes what the sources were merged to, and the origins. */
  readonly finish?: (merged: Record<string, unknown>, origins: Map<string, string>) => void
}

/** Value of a flag or variable: a boolean where it has no text, else its text or texts. */
export type FlagValue = boolean | string | readonly string[]

/** Values of flags, by option. */
export type FlagValues = Readonly<Partial<Record<OptionKey, FlagValue>>>

/** Reads one option from a flag or a variable. */
export function readOption(
  entry: OptionEntry,
  value: FlagValue,
): { readonly value: unknown } | { readonly problem: Problem } {
  const path = [entry.key]
  const optional = entry.kind === 'optional' || entry.kind === 'boolean'
  // `--no-auth` removes the value of a weaker source.
  if (value === false) return { value: optional ? false : undefined }
  const texts = value === true ? [''] : typeof value === 'string' ? [value] : value
  if (texts.every((text) => text.trim() === '')) {
    if (optional) return { value: true }
    return { problem: { path, message: 'a value is missing', hint: `use ${entry.accepts}` } }
  }
  const parsed = entry.parse(texts)
  return 'message' in parsed ? { problem: { path, ...parsed } } : parsed
}

/** Reads options from the flags of the command line. */
export function optionsFromFlags(flags: FlagValues): OptionSource {
  const options: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(flags)) {
    const entry = optionsByKey.get(key)
    if (entry === undefined || value === undefined) continue
    // The folder is usually a plain word, which is no list of texts as the values of flags are.
    const name = key === 'root' && typeof value === 'string' ? 'folder' : `--${entry.flags[0]}`
    origins.set(key, `flag ${name}`)
    const read = readOption(entry, value)
    if ('problem' in read) problems.push(read.problem)
    else options[key] = read.value
  }
  return { options, origins, problems }
}
