import { isServeError, ServeError } from '../../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import { createAddressRule } from './address-rule.ts'
import { clientNetwork, createClientAddress } from '../../http/message/client-address.ts'
import { parseCredentials } from './credentials.ts'
import { createGuesses, type GuessLimits } from './guesses.ts'
import { listedUsers } from './listed-users.ts'
import { createOriginRule } from './origin-rule.ts'
import { createPasswordChecks, singleUser, type PasswordCheck, type Users } from './password-checks.ts'
import type { PasswordList } from './password-file.ts'

/** The users who may log in: one, or those of an htpasswd file (absolute path). */
export type AuthUsers = { readonly user: string; readonly password: string } | { readonly file: string }

/** Who may use a site or a route. What is undefined is not restricted. */
export interface AccessRule {
  /** Addresses, networks, `loopback` and `private`. */
  readonly allow: readonly string[] | undefined
  /** Origins whose pages may change things, and `same`. */
  readonly origin: readonly string[] | undefined
  readonly users: AuthUsers | undefined
  /** Whether upstreams get the field `Authorization` of users who logged in. */
  readonly passAuthorization: boolean
  /** The id of the route that the rule belongs to, for the log; undefined for the site. */
  readonly route: string | undefined
  /** What the users log in to; browsers and users see it. */
  readonly realm: string
}

/** The two layers of a rule. */
export interface AccessLayers {
  /** The rule for addresses, which comes first: clients that may not use the server learn nothing of it. */
  readonly addresses: Layer
  /** The rules for origins and passwords. */
  readonly admission: Layer
}

/** What the rules of a server share. */
export interface AuthOptions {
  readonly limits: GuessLimits
  /** Addresses and networks of trusted proxies, which name the client. */
  readonly trust: readonly string[]
  /** The users of a password file as they are now. */
  readonly usersOf: (file: string) => () => PasswordList
  /** Checks a password without holding up other requests. */
  readonly matches: (password: string, hash: string) => Promise<boolean>
}

/** Makes the layers of rules. Rules with the same users share what is known of wrong guesses. */
export function createAuth({ limits, trust, usersOf, matches }: AuthOptions): (rule: AccessRule) => AccessLayers {
  const clientOf = createClientAddress(trust)
  const logins = new Map<string, Login>()

  function loginOf(given: AuthUsers): Login {
    const key = JSON.stringify(given)
    const known = logins.get(key)
    if (known !== undefined) return known
    const users = 'file' in given ? listedUsers(usersOf(given.file), matches) : singleUser(given.user, given.password)
    const login = { users, check: createPasswordChecks(users, createGuesses(limits)) }
    logins.set(key, login)
    return login
  }

  return ({ allow, origin, users, passAuthorization, route, realm }) => ({
    addresses: allow === undefined ? pass : createAddressRule(allow, route, clientOf),
    admission(next) {
      const admitted =
        users === undefined
          ? next
          : createPasswordLayer(loginOf(users), realm, passAuthorization, (x) => clientNetwork(clientOf(x)))(next)
      return origin === undefined ? admitted : createOriginRule(origin, route)(admitted)
    },
  })
}

const pass: Layer = (next) => next

function percentEncode(text: string): string {
  return Buffer.from(text).toString('hex').replace(/../g, '%$&')
}

/** The users, and the check of their passwords. */
interface Login {
  readonly users: Users
  readonly check: PasswordCheck
}

/**
 * Requires a user name and password (HTTP Basic, RFC 7617), and notes the user. Other requests get a 401
 * (`E8008_UNAUTHORIZED`). Without TLS, passwords are sent in clear text: anyone who can read the network learns them.
 */
function createPasswordLayer(
  { users, check }: Login,
  realm: string,
  passAuthorization: boolean,
  clientOf: (x: Exchange) => string,
): Layer {
  // What a quoted string holds as it is (RFC 9110 section 5.6.4), in ASCII. Realms that differ stay different: browsers
  // send a password to all that has the same one.
  const quotable = realm.replace(/[^ !#-[\]-~]/gu, percentEncode)
  const challenge = ['WWW-Authenticate', `Basic realm="${quotable}", charset="UTF-8"`]

  function unauthorized({ notes }: Exchange, message: string, remark: string): ServeError {
    notes.remark = remark
    return new ServeError('E8008_UNAUTHORIZED', message, { headers: challenge })
  }

  return (next: Handler) => (x) => {
    const credentials = parseCredentials(x.headers.get('authorization'))
    if (credentials === undefined) {
      throw unauthorized(x, 'This server requires a user name and a password.', 'no password')
    }
    const { user } = credentials
    // Users type passwords into the field of the name, so only names that exist are logged.
    const named = (): string => (users.has(user) ? `of ${user}` : 'of an unknown user')

    function enter(isGood: boolean): Reply | Promise<Reply> {
      if (!isGood) throw unauthorized(x, 'The user name or the password is wrong.', `wrong password ${named()}`)
      x.notes.user = user
      x.notes.ownAuthorization = !passAuthorization
      return next(x)
    }
    let verdict: ReturnType<PasswordCheck>
    try {
      verdict = check(credentials, clientOf(x), x.signal)
    } catch (error) {
      if (isServeError(error) && error.code === 'E8008_GUESSES') x.notes.remark = `too many wrong passwords ${named()}`
      throw error
    }
    return verdict instanceof Promise ? verdict.then(enter) : enter(verdict)
  }
}
