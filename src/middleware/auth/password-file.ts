import { readFileSync, statSync } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'
import { hashKind } from './password-hash.ts'

/** The stored hashes of an htpasswd file by user. Other content of the file is another object. */
export type PasswordList = ReadonlyMap<string, string>

/** File systems have coarse clocks: a file changed less than this long ago (ms) may change again unseen. */
const settledAfter = 2000

/**
 * Follows an htpasswd file: the function it returns answers with the users that the file has now, for the
 * price of one `stat` while it has not changed.
 *
 * @returns A function that throws ServeError `E8008_AUTH_FILE` when the file cannot be read or has a line
 *   that we cannot check: with a broken file nobody enters.
 */
export function followPasswordFile(path: string): () => PasswordList {
  let known: { readonly list: PasswordList; readonly text: string; readonly mark: string } | undefined
  return () => {
    try {
      const stats = statSync(path, { bigint: true })
      if (!stats.isFile()) throw new ServeError('E8008_AUTH_FILE', `The password file ${path} is not a file.`)
      const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = stats
      const mark = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
      if (known?.mark === mark) return known.list
      const text = readFileSync(path, 'utf8')
      const list = known?.text === text ? known.list : parsePasswords(text, path)
      known = { list, text, mark: Date.now() - Number(ctimeMs) > settledAfter ? mark : '' }
      return list
    } catch (error) {
      if (error instanceof ServeError) throw error
      throw new ServeError('E8008_AUTH_FILE', `The password file ${path} cannot be read.`, {
        hint: 'check authFile: it names an htpasswd file that this user may read',
        cause: error,
      })
    }
  }
}

/** Errors name the line and never quote it, because it may be a password in plain text. */
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
    if (colon < 1) problems.push(`line ${index + 1}: not a user, a colon and a hash`)
    else if (hashKind(hash) === undefined)
      problems.push(`line ${index + 1}: not a bcrypt (cost 4 to 15), apr1 or SHA hash`)
    else if (list.has(user)) problems.push(`line ${index + 1}: the user is named twice`)
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
