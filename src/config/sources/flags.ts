import { optionsByKey } from '../options/option-table.ts'
import type { Problem } from '../diagnostic.ts'
import { readOption, type FlagValues, type Source } from './source.ts'

/** Reads options from the command line, taken apart by option. */
export function optionsFromFlags(flags: FlagValues): Source {
  const options: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(flags)) {
    const entry = optionsByKey.get(key)
    if (entry === undefined || value === undefined) continue
    const name = entry.flags[0] === undefined ? entry.valueName.toLowerCase() : `--${entry.flags[0]}`
    origins.set(key, `flag ${name}`)
    const read = readOption(entry, value)
    if ('problem' in read) problems.push(read.problem)
    else options[key] = read.value
  }
  return { options, origins, problems }
}
