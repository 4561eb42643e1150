import { nearest } from '../../config/diagnostic.ts'
import { ServeError } from '../../core/serve-error.ts'
import { commandTexts } from './command-texts.ts'
import { commandNames, commandNamed, commands } from '../args/commands.ts'
import { flags, commonFlags, type Flag } from '../args/flags.ts'
import { foreignFlag } from '../args/foreign-flags.ts'
import { flagRow, renderPage } from './help.ts'
import type { Terminal } from './terminal.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
/** Every flag: those of serving, then those of other commands. */
const every: readonly Flag[] = [...flags, ...commandNames.flatMap((name) => commands[name].flags)]

/** `port`, `--port`, `-p`, `no-live`, or what another server calls it. */
function flagOf(word: string): Flag | undefined {
  const name = word.replace(/^-+/, '')
  const find = (wanted: string): Flag | undefined =>
    every.find((flag) => flag.name === wanted || flag.aliases.includes(wanted))
  const dashes = name.length === 1 ? '-' : '--'
  return (
    find(name) ?? find(name.replace(/^no-/, '')) ?? find((foreignFlag(dashes + name) ?? '').replace(/^--(no-)?/, ''))
  )
}

/**
 * The help page of a command or of a flag, made from what drives the command line.
 *
 * @throws ServeError E8008_USAGE for a word that is neither.
 */
export function renderCommandHelp(word: string, terminal: Terminal): string {
  const name = commandNamed(word)
  if (name === undefined) {
    const flag = flagOf(word)
    if (flag !== undefined) return renderFlagHelp(flag, terminal)
    const meant = nearest(word, [...commandNames, ...every.map((each) => each.name)])
    const hint = meant === undefined ? 'serve8008 --help' : `serve8008 help ${meant}`
    throw new ServeError('E8008_USAGE', `There is no command or flag "${word}".`, { hint })
  }
  const { flags: all, isLikeServing = false } = commands[name]
  const { summary, usage, examples, notes } = commandTexts[name]
  const isShown = ({ key }: Flag): boolean =>
    !isLikeServing || commonFlags.some((flag) => flag.key === key) || flags.every((flag) => flag.key !== key)
  const more = isLikeServing ? ['It takes the flags of serving too: serve8008 --help.'] : []
  const sections = [
    ['Usage', usage],
    ['Flags', all.filter(isShown).map(flagRow)],
    ['Examples', examples],
  ] as const
  return renderPage(`serve8008 ${name}`, `: ${summary}`, sections, [...notes, ...more], terminal)
}

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
