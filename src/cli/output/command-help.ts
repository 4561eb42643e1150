import { nearest, quote } from '../../config/diagnostic.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
import { errorTexts, isCode, type CodeText } from '../../core/error-texts.ts'
import { ServeError } from '../../core/serve-error.ts'
import { warningTexts } from '../../core/warning-texts.ts'
import { commandTexts, type Rows } from './command-texts.ts'
import { commandNamed, commandNames, commands, type CommandName } from '../args/commands.ts'
import { flags, commonFlags, type Flag } from '../args/flags.ts'
import { foreignFlag } from '../args/foreign-flags.ts'
import { flagRow, helpGroups, renderAllHelp, renderGroupHelp, renderOverview, renderPage } from './help.ts'
import type { Terminal } from './terminal.ts'

/** Every flag: those of serving, then those of other commands. */
const every: readonly Flag[] = [...flags, ...commandNames.flatMap((name) => commands[name].flags)]

/** `port`, `--port`, `-p`, `no-live`, or what another server calls it. */
function flagNamed(word: string): Flag | undefined {
  const name = word.replace(/^-+/, '')
  const find = (wanted: string): Flag | undefined =>
    every.find((flag) => flag.name === wanted || flag.aliases.includes(wanted))
  const dashes = name.length === 1 ? '-' : '--'
  return (
    find(name) ?? find(name.replace(/^no-/, '')) ?? find((foreignFlag(dashes + name) ?? '').replace(/^--(no-)?/, ''))
  )
}

/**
 * A page of help, made from what drives the command line: the overview for `help`, everything for `all`, or the page of
 * a group, a command, a flag or all codes.
 *
 * @throws ServeError E8008_USAGE for any other word, with the nearest one
 */
export function renderHelp(word: string, version: string, terminal: Terminal): string {
  if (word === 'help') return renderOverview(version, terminal)
  if (word === 'all') return renderAllHelp(version, terminal)
  if (word === 'codes') return renderCodes(terminal)
  const command = commandNamed(word)
  if (command !== undefined) return renderCommandHelp(command, terminal)
  const group = Object.hasOwn(helpGroups, word) ? helpGroups[word] : undefined
  if (group !== undefined) return renderGroupHelp(word, group, terminal)
  const flag = flagNamed(word)
  if (flag !== undefined) return renderFlagHelp(flag, terminal)
  const meant = nearest(word, ['codes', ...commandNames, ...Object.keys(helpGroups), ...every.map(({ name }) => name)])
  const page = meant === undefined ? 'serve8008 --help' : `serve8008 help ${meant}`
  const hint = isCode(word) ? `serve8008 explain ${word}` : page
  throw new ServeError('E8008_USAGE', `There is no command, flag or help group ${quote(word)}.`, { hint })
}

/** Every code with what it means. */
function renderCodes(terminal: Terminal): string {
  const rows = (texts: Readonly<Record<string, CodeText>>): Rows =>
    Object.entries(texts).map(([code, { meaning }]) => [code, meaning])
  const sections = [['Errors', rows(errorTexts)] as const, ['Warnings', rows(warningTexts)] as const]
  const notes = ['The usual cause of one and what to do: serve8008 explain E8008_CERT']
  return renderPage('serve8008 help codes', ': every error and warning', sections, notes, terminal)
}

function renderCommandHelp(name: CommandName, terminal: Terminal): string {
  const { flags: all, isLikeServing = false } = commands[name]
  const { summary, usage, examples, notes } = commandTexts[name]
  const isShown = ({ key }: Flag): boolean =>
    !isLikeServing || commonFlags.some((flag) => flag.key === key) || flags.every((flag) => flag.key !== key)
  const more = isLikeServing ? ['It takes the flags of serving too: serve8008 help all.'] : []
  const sections = [
    ['Usage', usage],
    ['Flags', all.filter(isShown).map(flagRow)],
    ['Examples', examples],
  ] as const
  return renderPage(`serve8008 ${name}`, `: ${summary}`, sections, [...notes, ...more], terminal)
}

/** The help page of one flag: what it does, its other names, and where else it can be set. */
function renderFlagHelp(flag: Flag, terminal: Terminal): string {
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
  const [group] = Object.entries(helpGroups).find(([, { title }]) => title === flag.group) ?? []
  const notes = [
    ...(flag.repeats ? ['It can be repeated.'] : []),
    ...(flag.canBeOff ? [`--no-${flag.name} resets what the environment or the config file sets.`] : []),
    ...(group === undefined ? [] : [`Related flags: serve8008 help ${group}`]),
  ]
  const sections = [['Flag', rows] as const, ['Elsewhere', places] as const]
  return renderPage(`--${flag.name}`, '', sections, notes, terminal)
}
