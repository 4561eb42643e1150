import { optionTable, type OptionEntry } from '../../config/options/option-table.ts'
import { ServeError } from '../../core/serve-error.ts'
import { isSecretName, redactText } from '../../core/util/secret.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'

/** A command line that is read. */
export interface Line {
  readonly argv: readonly string[]
  readonly isFolder: (word: string) => boolean
  /** Every command, for suggestions. */
  readonly commandNames: readonly string[]
}

/** The whole command, without secrets: hints end up in logs. */
export function commandLine(words: readonly string[]): string {
  return ['serve8008', ...withoutSecrets(words).map(shellQuote)].join(' ')
}

/** Replaces the userinfo of a URL in hints. */
const anyUser = 'USER:PASSWORD'
/** Replaces a token or a password in hints. */
const anyValue = 'VALUE'
/** Words of hints that stand for what only the user knows: secrets and values. A command adds its own when it is loaded. */
const placeholders = new Set([...optionTable.flatMap(({ mask }) => mask ?? []), anyUser, anyValue, 'URL'])
addPlaceholders(optionTable.map(({ valueName }) => valueName))

/** Adds the names of values, such as `PORT` or `NAME=VALUE`, in flags or in the forms of a command. */
export function addPlaceholders(names: readonly string[]): void {
  for (const name of names.flatMap((each) => each.split(/[=\s[\]]/))) if (/^[A-Z:]+$/.test(name)) placeholders.add(name)
}

/** Whether a hint is a command that works when pasted as it is: it has no name in place of a value. */
export function isWholeCommand(hint: string): boolean {
  return isCommandHint(hint) && !hint.split(/[\s"'=@]|:\/\//).some((word) => placeholders.has(word))
}

function withoutSecrets(words: readonly string[]): string[] {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words.map((word, i) => {
    if (i > end) return withoutSecret(word)
    const [, flag = '', value] = /^(--?[^=]+)=(.*)$/s.exec(word) ?? []
    if (value !== undefined && mayBeSecret(flag)) return `${flag}=${maskedValue(flag, value)}`
    const before = words[i - 1] ?? ''
    return mayBeSecret(before) ? maskedValue(before, word) : withoutSecret(word)
  })
}

/** A word without the passwords and tokens of a URL in it. */
export function withoutSecret(word: string): string {
  return redactText(word, anyUser, anyValue)
}

function mayBeSecret(flag: string): boolean {
  return optionOf(flag)?.holdsFields === true || optionOf(flag)?.isSecret === true
}

/** `-auth` is none, but was meant as `--auth`. */
function optionOf(flag: string): OptionEntry | undefined {
  const [, name = ''] = /^--?(.+)$/s.exec(flag) ?? []
  return optionTable.find(({ flags }) => flags.includes(name))
}

function maskedValue(flag: string, value: string): string {
  const mask = optionOf(flag)?.mask
  if (mask !== undefined) return mask
  const border = value.indexOf(':')
  // A field without its colon may be credentials.
  if (optionOf(flag)?.holdsFields === true && border < 1) return `NAME:${anyValue}`
  return border > 0 && isSecretName(value.slice(0, border))
    ? `${value.slice(0, border)}: ${anyValue}`
    : withoutSecret(value)
}

/** Programs that hints run; any other hint is a sentence. */
const programs =
  /^(?:serve8008|cd|sudo|ulimit|npm|npx|pnpm|yarn|bun|hugo|bundle|kill|taskkill|ps|systemctl|sv|supervisorctl|pm2|docker|podman)(?= |$)/

/** Whether a hint is a command alone, and not a sentence about one. */
export function isCommandHint(hint: string): boolean {
  return programs.test(hint) && !/, (?:or|which)\b/.test(hint)
}

/** The error for a command line that cannot be used. The hint is the corrected command, or a sentence. */
export function usageError(message: string, hint: string): ServeError {
  return new ServeError('E8008_USAGE', message, { hint })
}
