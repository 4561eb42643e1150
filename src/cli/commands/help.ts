import { nearest, quote } from '../../config/diagnostic.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
import { presetNames, readPreset, startCommand, type Preset } from '../../config/presets.ts'
import { checkTexts, doctorTexts, scanTexts } from '../../core/finding-texts.ts'
import { errorTexts } from '../../core/error-texts.ts'
import { ServeError } from '../../core/serve-error.ts'
import { warningTexts } from '../../core/warning-texts.ts'
import { flags, commonFlags, type Flag } from '../args/flags.ts'
import { isCode } from '../args/explain-words.ts'
import { foreignFlag } from '../args/foreign-flags.ts'
import { packageVersion } from '../process-io.ts'
import type { Terminal } from '../output/terminal.ts'
import { nameOf, printingFlags, type CommandDefinition, type Rows } from './definition.ts'
import {
  flagRow,
  helpGroups,
  helpPages,
  renderAllHelp,
  renderGroupHelp,
  renderOverview,
  renderPage,
} from './help-pages.ts'

export const helpCommand: CommandDefinition = {
  command: 'help [page]',
  describe: 'print a help page',
  flags: printingFlags,
  words: 'pages',
  usage: [['serve8008 help [NAME]', 'the overview, or the page of a group, a command or a flag']],
  examples: [],
  notes: [],
  row: ['serve8008 help NAME', 'help for one group, command or flag'],
  async handler({ words: [page = 'help'] }, _program, report, commands) {
    report.print(renderHelp(page, packageVersion(), report.terminal, await commands()))
    return 0
  },
}

/** `port`, `--port`, `-p`, `no-live`, or what another server calls it. */
function flagNamed(word: string, every: readonly Flag[]): Flag | undefined {
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
 * a group, a command, a flag, a preset or all codes.
 *
 * @throws ServeError E8008_USAGE for any other word, with the nearest one
 */
export function renderHelp(
  word: string,
  version: string,
  terminal: Terminal,
  commands: readonly CommandDefinition[],
): string {
  if (word === 'help') return renderOverview(version, terminal, commands)
  if (word === 'all') return renderAllHelp(version, terminal, commands)
  if (word === 'codes') return renderCodes(terminal)
  const command = commands.find((each) => nameOf(each) === word || each.aliases?.includes(word))
  if (command !== undefined) return renderCommandHelp(command, terminal)
  const groups = helpGroups(commands)
  const group = Object.hasOwn(groups, word) ? groups[word] : undefined
  if (group !== undefined) return renderGroupHelp(word, group, terminal)
  const every = [...flags, ...commands.flatMap((each) => each.flags)]
  const flag = flagNamed(word, every)
  if (flag !== undefined) return renderFlagHelp(flag, groups, terminal)
  const presets = presetNames()
  if (presets.includes(word)) return renderPresetHelp(readPreset(word), terminal)
  const meant = nearest(word, [
    ...helpPages(commands).filter((each) => each !== 'all'),
    ...every.map((each) => each.name),
    ...presets,
  ])
  const page = meant === undefined ? 'serve8008 --help' : `serve8008 help ${meant}`
  const hint = isCode(word) ? `serve8008 explain ${word}` : page
  throw new ServeError('E8008_USAGE', `There is no command, flag, preset or help group ${quote(word)}.`, { hint })
}

/** What a preset is for, and the commands that use it. */
function renderPresetHelp(preset: Preset, terminal: Terminal): string {
  const { name, description, guide } = preset
  const start = startCommand(preset, undefined)
  const usage: Rows = [
    [`serve8008 --preset ${name}`, 'serve with its settings; flags and a config file replace them'],
    [`serve8008 presets ${name}`, 'show what it sets'],
    [`serve8008 init ${name}`, 'write that to a config file'],
  ]
  const upstream: Rows = start === undefined ? [] : [[start, 'what it forwards to is started by this, for example']]
  const sections = [['Usage', usage] as const, ['Upstream', upstream] as const]
  return renderPage(`The preset ${name}`, `: ${description}`, sections, [`Its guide is ${guide}.`], terminal)
}

/** Every code with what it means. */
function renderCodes(terminal: Terminal): string {
  const rows = (texts: Readonly<Record<string, { readonly meaning: string }>>): Rows =>
    Object.entries(texts).map(([code, { meaning }]) => [code, meaning])
  const sections = [
    ['Errors', rows(errorTexts)],
    ['Warnings', rows(warningTexts)],
    ['Findings of scan, verify and doctor', rows({ ...scanTexts, ...checkTexts, ...doctorTexts })],
  ] as const
  const notes = ['The usual cause of one and what to do: serve8008 explain E8008_CERT']
  return renderPage('serve8008 help codes', ': every error, warning and finding', sections, notes, terminal)
}

function renderCommandHelp(command: CommandDefinition, terminal: Terminal): string {
  const { flags: all, isLikeServing = false, describe, usage, examples, notes } = command
  const isShown = ({ key }: Flag): boolean =>
    !isLikeServing || commonFlags.some((flag) => flag.key === key) || flags.every((flag) => flag.key !== key)
  const more = isLikeServing ? ['It takes the flags of serving too: serve8008 help all.'] : []
  const sections = [
    ['Usage', usage],
    ['Flags', all.filter(isShown).map(flagRow)],
    ['Examples', examples],
  ] as const
  return renderPage(`serve8008 ${nameOf(command)}`, `: ${describe}`, sections, [...notes, ...more], terminal)
}

/** The help page of one flag: what it does, its other names, and where else it can be set. */
function renderFlagHelp(flag: Flag, groups: ReturnType<typeof helpGroups>, terminal: Terminal): string {
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
  const [group] = Object.entries(groups).find(([, { title }]) => title === flag.group) ?? []
  const notes = [
    ...(flag.repeats ? ['It can be repeated.'] : []),
    ...(flag.canBeOff ? [`--no-${flag.name} resets what the environment or the config file sets.`] : []),
    ...(group === undefined ? [] : [`Related flags: serve8008 help ${group}`]),
  ]
  const sections = [['Flag', rows] as const, ['Elsewhere', places] as const]
  return renderPage(`--${flag.name}`, '', sections, notes, terminal)
}
