import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Layer } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import { parseCredentials } from './credentials.ts'
import { followPasswordFile } from './password-file.ts'
import { verifyList, verifyPair } from './verify-user.ts'

/** Who may enter: one user, or those of an htpasswd file (absolute path) with bcrypt, apr1 or SHA hashes. */
export type AuthOptions = { readonly user: string; readonly password: string } | { readonly file: string }

const challenge = 'Basic realm="serve8008", charset="UTF-8"'

/**
 * Lets only those in who present a user and password (HTTP Basic, RFC 7617), and notes the user. Others
 * get a 401 (`E8008_UNAUTHORIZED`). Passwords pass in clear text: it keeps neighbours out, not listeners.
 *
 * A password file is read at once and again whenever it changes; while it is wrong, nobody enters.
 *
 * @throws ServeError `E8008_AUTH_FILE` when the file cannot be read, or a line of it cannot be checked.
 */
export function createAuth(options: AuthOptions): Layer {
  const verify = 'file' in options ? verifyFile(options.file) : verifyPair(options.user, options.password)
  return (next) => (x) => {
    const credentials = parseCredentials(x.headers.get('authorization'))
    if (credentials === undefined) throw unauthorized(x, 'This server asks for a user name and a password.')
    const verdict = verify(credentials, x.signal)
    return verdict instanceof Promise ? verdict.then(enter) : enter(verdict)

    function enter(isGood: boolean): Reply | Promise<Reply> {
      if (!isGood) throw unauthorized(x, 'The user name or the password is not right.')
      x.notes.user = (credentials as NonNullable<typeof credentials>).user
      return next(x)
    }
  }
}

function verifyFile(path: string): ReturnType<typeof verifyList> {
  const current = followPasswordFile(path)
  current()
  return verifyList(current)
}

function unauthorized({ notes }: Exchange, message: string): ServeError {
  notes.remark = 'no or wrong password'
  return new ServeError('E8008_UNAUTHORIZED', message, { headers: ['WWW-Authenticate', challenge] })
}
