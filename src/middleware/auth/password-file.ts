import { readFileSync, statSync } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'
import { redactPath } from '../../core/util/secret.ts'
import { isSettled, stateText } from '../../core/util/stat-state.ts'
import { hashKind } from './password-hash.ts'

/** The hashes of an htpasswd file by user. Each content of the file is a new object. */
export type PasswordList = ReadonlyMap<string, string>

/**
 * Makes a function that returns the current users of an htpasswd file. It costs one `stat` while the file is unchanged.
 *
 * @returns A function that throws ServeError `E8008_AUTH_FILE` if the file cannot be read or has an invalid line, so
 *   that an invalid file rejects every request.
 */
export function followPasswordFile(path: string): () => PasswordList {
  let known: { readonly list: PasswordList; readonly text: string; readonly mark: string } | undefined
  return () => {
    try {
      const readAt = Date.now()
      const stats = statSync(path, { bigint: true })
      if (!stats.isFile())
        throw new ServeError('E8008_AUTH_FILE', `The password file ${redactPath(path)} is not a file.`)
      const mark = stateText(stats)
      if (known?.mark === mark) return known.list
      const text = readFileSync(path, 'utf8')
      const list = known?.text === text ? known.list : parsePasswords(text, path)
      known = { list, text, mark: isSettled(stats, readAt) ? mark : '' }
      return list
    } catch (error) {
      if (error instanceof ServeError) throw error
      throw new ServeError('E8008_AUTH_FILE', `The password file ${redactPath(path)} cannot be read.`, {
        hint: 'set authFile to an htpasswd file that the current user can read',
        cause: error,
      })
    }
  }
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
    if (colon < 1) problems.push(`line ${index + 1}: expected USER:HASH`)
    else if (hashKind(hash) === undefined)
      problems.push(`line ${index + 1}: expected a bcrypt (cost 4 to 15), apr1 or SHA hash`)
    else if (list.has(user)) problems.push(`line ${index + 1}: duplicate user`)
    else list.set(user, hash)
  }
  if (problems.length > 0) {
    throw new ServeError('E8008_AUTH_FILE', `The password file ${path} cannot be used: ${problems[0]}.`, {
      hint: `Write each user with bcrypt: htpasswd -B ${path} USER`,
      problems,
    })
  }
  return list
}
