import { readFileSync, statSync } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'
import { redactPath } from '../../core/util/secret.ts'
import { isSettled, stateText } from '../../core/util/stat-state.ts'
import type { Warning } from '../../core/warning.ts'

/** The hashes of an htpasswd file by user. Each content of the file is a new object. */
export type PasswordList = ReadonlyMap<string, string>

/**
 * Makes a function that returns the current users of an htpasswd file. It costs one `stat` while the file is unchanged.
 * The file must be valid at the first call. When it is not any more, its last users stay, and a warning says so: an edit
 * that fails must not lock everybody out. A file without users is valid, and admits no user.
 *
 * @returns A function that throws ServeError `E8008_AUTH_FILE` if the file cannot be read or has an invalid line.
 */
export function followPasswordFile(path: string, onWarning: (warning: Warning) => void = () => {}): () => PasswordList {
  let known: { readonly list: PasswordList; readonly text: string } | undefined
  /** The state of the file that was read last; empty while it may change without another state. */
  let seen = ''
  let warned = ''

  function warn(message: string, hint?: string): void {
    if (warned !== message) onWarning({ code: 'W8008_AUTH_FILE', message, ...(hint === undefined ? {} : { hint }) })
    warned = message
  }

  return () => {
    let mark = ''
    let isResting = true
    try {
      const readAt = Date.now()
      const stats = statSync(path, { bigint: true })
      if (!stats.isFile())
        throw new ServeError('E8008_AUTH_FILE', `The password file ${redactPath(path)} is not a file.`)
      mark = stateText(stats)
      isResting = isSettled(stats, readAt)
      if (known !== undefined && seen === mark) return known.list
      const text = readFileSync(path, 'utf8')
      const list = known?.text === text ? known.list : parsePasswords(text, path)
      const isEmptied = list.size === 0 && known !== undefined && known.list.size > 0
      // Programs empty a file before they write it, so it is read again until it rests.
      if (isEmptied && !isResting) return (known as NonNullable<typeof known>).list
      if (isEmptied) warn(`The password file ${redactPath(path)} has no users any more, so no user can log in.`)
      else if (list.size > 0) warned = ''
      known = { list, text }
      seen = isResting ? mark : ''
      return list
    } catch (error) {
      const problem = error instanceof ServeError ? error : unreadable(path, error)
      if (known === undefined) throw problem
      seen = isResting ? mark : ''
      // Half of a file that is being written is no reason to warn.
      if (isResting) warn(`${problem.message} Its last users stay valid.`, problem.hint)
      return known.list
    }
  }
}

function unreadable(path: string, cause: unknown): ServeError {
  const shown = redactPath(path)
  const [fault, hint] =
    (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? ['does not exist', `create it: htpasswd -cB ${shown} USER`]
      : ['cannot be read', 'set authFile to an htpasswd file that the current user can read']
  return new ServeError('E8008_AUTH_FILE', `The password file ${shown} ${fault}.`, { hint, cause })
}

/** Errors have the number of a line and not its text, which may be a password in plain text. */
function parsePasswords(text: string, path: string): PasswordList {
  const list = new Map<string, string>()
  const problems: string[] = []
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const user = line.slice(0, colon)
    const hash = line.slice(colon + 1)
    const problem = colon < 1 ? 'expected USER:HASH' : list.has(user) ? 'duplicate user' : problemOf(hash)
    if (problem === undefined) list.set(user, hash)
    else problems.push(`line ${index + 1}: ${problem}`)
  }
  if (problems.length > 0) {
    throw new ServeError('E8008_AUTH_FILE', `The password file ${redactPath(path)} cannot be used: ${problems[0]}.`, {
      hint: `Write each user with bcrypt: htpasswd -B ${redactPath(path)} USER`,
      problems,
    })
  }
  return list
}

/**
 * The supported forms of a stored password. Each cost step of bcrypt doubles the time: 15 takes seconds in JavaScript, and
 * 31 days. The rounds of SHA-crypt are 5000 unless the hash says so; a million takes seconds.
 */
const supported: readonly RegExp[] = [
  /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/,
  /^\$apr1\$[^$:\s]{1,8}\$[./A-Za-z0-9]{22}$/,
  /^\$5\$(?:rounds=[1-9]\d{3,5}\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{43}$/,
  /^\$6\$(?:rounds=[1-9]\d{3,5}\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{86}$/,
  /^\{SHA\}[A-Za-z0-9+/]{27}=$/,
  /^\{SSHA\}[A-Za-z0-9+/]{28,}={0,2}$/,
]

/** What an unsupported hash is. Everything else is malformed, or plain text. */
const unsupported: readonly (readonly [form: RegExp, fault: string])[] = [
  [/^\$2[aby]\$\d\d\$.{53}$/, 'a bcrypt hash must have a cost from 4 to 15'],
  [/^\$2[aby]\$/, 'a bcrypt hash is 60 characters long'],
  [/^\$[56]\$rounds=/, 'a SHA-crypt hash must have from 1000 to 999999 rounds'],
  [/^[./A-Za-z0-9]{13}$/, 'crypt (htpasswd -d) is not supported, since it ignores what follows 8 characters'],
]

/** Why a stored password cannot be checked; undefined for one that can. */
export function problemOf(hash: string): string | undefined {
  if (supported.some((form) => form.test(hash))) return undefined
  const fault = unsupported.find(([form]) => form.test(hash))?.[1] ?? 'plain text and this form are not supported'
  return `${fault}; use bcrypt (htpasswd -B), SHA-512 (-5), SHA-256 (-2), apr1 (-m) or SHA (-s)`
}
