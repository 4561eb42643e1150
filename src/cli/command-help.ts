import { nearest } from '../config/problem.ts'
import { ServeError } from '../errors/serve-error.ts'
import { commandTexts } from './command-texts.ts'
import { commandNames, commandOf, commands } from './commands.ts'
import { flags, voice, type Flag } from './flags.ts'
import { flagRow, renderPage } from './help-page.ts'
import type { Terminal } from './terminal.ts'

/**
 * The help page of a command, made from what drives its command line.
 *
 * @throws ServeError E8008_USAGE for a word that is no command.
 */
export function renderCommandHelp(word: string, terminal: Terminal): string {
  const name = commandOf(word)
  if (name === undefined) {
    const meant = nearest(word, commandNames)
    const hint = meant === undefined ? 'serve8008 --help' : `serve8008 help ${meant}`
    throw new ServeError('E8008_USAGE', `There is no command ${word}.`, { hint })
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
