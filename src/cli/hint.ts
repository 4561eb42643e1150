import { asSentence } from '../util/sentence.ts'

/** Programs that hints run; any other hint is a sentence. */
const programs = /^(?:serve8008|cd|sudo|ulimit|npm|npx|pnpm|yarn|bun|hugo|bundle)(?= |$)/

/** Whether a hint is a command that works when pasted: nothing but the command. */
export function isCommandHint(hint: string): boolean {
  return programs.test(hint) && !/, (?:or|which)\b/.test(hint)
}

/** A hint as a person reads it: `try:` and the command, or a sentence. */
export function hintText(hint: string): string {
  return isCommandHint(hint) ? `try: ${hint}` : asSentence(hint)
}
