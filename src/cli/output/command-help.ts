import { nearest } from '../../config/diagnostic.ts'
import { ServeError } from '../../core/serve-error.ts'
import { commandTexts } from './command-texts.ts'
import { commandNames, commandOf, commands } from '../args/commands.ts'
import { renderFlagHelp } from './flag-help.ts'
import { flags, voice, type Flag } from '../args/flags.ts'
import { habitOf } from '../args/foreign-flags.ts'
import { flagRow, renderPage } from './help-page.ts'
import type { Terminal } from './terminal.ts'

/** Every flag: those of serving, then those of other commands. */
const every: readonly Flag[] = [...flags, ...commandNames.flatMap((name) => commands[name].flags)]

/** `port`, `--port`, `-p`, `no-live`, or what another server calls it. */
function flagOf(word: string): Flag | undefined {
  const name = word.replace(/^-+/, '')
  const find = (wanted: string): Flag | undefined =>
    every.find((flag) => flag.name === wanted || flag.aliases.includes(wanted))
  const dashes = name.length === 1 ? '-' : '--'
  return find(name) ?? find(name.replace(/^no-/, '')) ?? find((habitOf(dashes + name) ?? '').replace(/^--(no-)?/, ''))
}

/**
 * The help page of a command or of a flag, made from what drives the command line.
 *
 * @throws ServeError E8008_USAGE for a word that is neither.
 */
export function renderCommandHelp(word: string, terminal: Terminal): string {
  const name = commandOf(word)
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
    !isLikeServing || voice.some((flag) => flag.key === key) || flags.every((flag) => flag.key !== key)
  const more = isLikeServing ? ['It takes the flags of serving too: serve8008 --help.'] : []
  const sections = [
    ['Usage', usage],
    ['Flags', all.filter(isShown).map(flagRow)],
    ['Examples', examples],
  ] as const
  return renderPage(`serve8008 ${name}`, `: ${summary}`, sections, [...notes, ...more], terminal)
}
