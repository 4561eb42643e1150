import { optionsByKey } from '../../config/options/option-table.ts'
import type { Flag } from '../args/flags.ts'
import { flagRow, renderPage } from './help-page.ts'
import type { Terminal } from './terminal.ts'

/** The help page of one flag: what it does, its other names, and where else it can be set. */
export function renderFlagHelp(flag: Flag, terminal: Terminal): string {
  const option = optionsByKey.get(flag.key)
  const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)
  const rows = [
    flagRow(flag),
    ...(flag.aliases.length === 0 ? [] : [['also', flag.aliases.map(dashed).join(', ')] as const]),
    ...(flag.choices.length === 0 ? [] : [['values', flag.choices.join(', ')] as const]),
    ...(option === undefined ? [] : [['takes', option.accepts] as const]),
  ]
  const places =
    option === undefined
      ? []
      : [
          ['config file', `the key ${option.key}`] as const,
          ...(option.environment.length === 0 ? [] : [['environment', option.environment.join(', ')] as const]),
        ]
  const notes = [
    ...(flag.repeats ? ['It can be given several times.'] : []),
    ...(flag.canBeOff ? [`--no-${flag.name} takes back what was said elsewhere.`] : []),
  ]
  const sections = [['Flag', rows] as const, ['Elsewhere', places] as const]
  return renderPage(`--${flag.name}`, '', sections, notes, terminal)
}
