import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Layer } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import { parseCredentials } from './credentials.ts'
import { followPasswordFile } from './password-file.ts'
import { verifyPair, type Verify } from './verify-user.ts'

/** The users: one, or those of an htpasswd file (absolute path) with bcrypt, apr1 or SHA hashes. */
export type AuthOptions = { readonly user: string; readonly password: string } | { readonly file: string }

const challenge = 'Basic realm="serve8008", charset="UTF-8"'

/**
 * Requires a user name and password (HTTP Basic, RFC 7617), and notes the user. Other requests get a 401
 * (`E8008_UNAUTHORIZED`). Without TLS, passwords are sent in clear text: anyone who can read the network learns them.
 *
 * A password file is read at the start and after each change. While it is invalid, every request fails.
 *
 * @throws ServeError `E8008_AUTH_FILE` if the file cannot be read or has an invalid line.
 */
export function createAuth(options: AuthOptions): Layer {
  const verify = 'file' in options ? verifyFile(options.file) : verifyPair(options.user, options.password)
  return (next) => (x) => {
    const credentials = parseCredentials(x.headers.get('authorization'))
    if (credentials === undefined) throw unauthorized(x, 'This server requires a user name and a password.')
    const verdict = verify(credentials, x.signal)
    return verdict instanceof Promise ? verdict.then(enter) : enter(verdict)

    function enter(isGood: boolean): Reply | Promise<Reply> {
      if (!isGood) throw unauthorized(x, 'The user name or the password is wrong.')
      x.notes.user = (credentials as NonNullable<typeof credentials>).user
      return next(x)
    }
  }
}

/** What verifies hashes is loaded with the first credentials. */
function verifyFile(path: string): Verify {
  const current = followPasswordFile(path)
  current()
  let verify: Verify | undefined
  let loading: Promise<Verify> | undefined
  return (credentials, signal) => {
    if (verify !== undefined) return verify(credentials, signal)
    loading ??= import('./verify-list.ts').then(({ verifyList }) => (verify = verifyList(current)))
    return loading.then((loaded) => loaded(credentials, signal))
  }
}

function unauthorized({ notes }: Exchange, message: string): ServeError {
  notes.remark = 'no or wrong password'
  return new ServeError('E8008_UNAUTHORIZED', message, { headers: ['WWW-Authenticate', challenge] })
}
