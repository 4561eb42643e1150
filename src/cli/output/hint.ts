import { asSentence } from '../../core/util/sentence.ts'
import { commands, type CommandEntry } from '../args/commands.ts'
import { secretNames } from '../args/command-line.ts'

/** Programs that hints run; any other hint is a sentence. */
const programs = /^(?:serve8008|cd|sudo|ulimit|npm|npx|pnpm|yarn|bun|hugo|bundle)(?= |$)/

/** Names in hints for what only the user knows: the values of flags, and secrets that were typed. */
const names = new Set([...Object.values(commands).flatMap(valueNames), ...secretNames])

/** Whether a hint is a command alone, and not a sentence about one. */
export function isCommandHint(hint: string): boolean {
  return programs.test(hint) && !/, (?:or|which)\b/.test(hint)
}

/** Whether a hint is a command that works when pasted as it is: it has no name in place of a value. */
export function isWholeCommand(hint: string): boolean {
  return isCommandHint(hint) && !hint.split(/[\s"'=@]|:\/\//).some((word) => names.has(word))
}

function valueNames({ flags }: CommandEntry): string[] {
  return flags.flatMap(({ valueName }) => valueName.split('=')).filter((name) => /[A-Z]/.test(name))
}

/** A hint as a person reads it: `try:` and the command, or a sentence. */
export function hintText(hint: string): string {
  return isCommandHint(hint) ? `try: ${hint}` : asSentence(hint)
}
