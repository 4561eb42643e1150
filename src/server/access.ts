import type { ResolvedAccess } from '../config/access-rules.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { AccessLayers, AccessRule } from '../middleware/auth/auth.ts'
import { followPasswordFile, type PasswordList } from '../middleware/auth/password-file.ts'
import type { Events } from './events.ts'

/** Makes the layers of a rule. What is counted and remembered outlives a new pipeline. */
export type Admit = (rule: AccessRule) => AccessLayers

/**
 * Prepares who may use the sites of a server. Password files are read at once; the rest is loaded with the first request.
 *
 * @returns A function that throws ServeError `E8008_AUTH_FILE` for a password file that cannot be used at the start.
 */
export function createAdmit({ limits, trust }: Pick<ResolvedConfig, 'limits' | 'trust'>, events?: Events): Admit {
  const files = new Map<string, () => PasswordList>()
  let loading: Promise<Admit> | undefined

  async function load(): Promise<Admit> {
    const [{ createAuth }, { matchesInWorker }] = await Promise.all([
      import('../middleware/auth/auth.ts'),
      import('../middleware/hash-worker.ts'),
    ])
    return createAuth({ limits, trust, usersOf, matches: matchesInWorker })
  }

  function usersOf(file: string): () => PasswordList {
    const known = files.get(file)
    if (known !== undefined) return known
    const users = followPasswordFile(file, (warning) => events?.emit('warning', warning))
    users()
    files.set(file, users)
    return users
  }

  return (rule) => {
    if (rule.users !== undefined && 'file' in rule.users) usersOf(rule.users.file)
    function late(name: keyof AccessLayers): Layer {
      return (next) => {
        let handle: Handler | undefined
        const first: Handler = async (x) => {
          const loaded = await (loading ??= load())
          return (handle ??= loaded(rule)[name](next))(x)
        }
        return (x) => (handle ?? first)(x)
      }
    }
    return { addresses: late('addresses'), admission: late('admission') }
  }
}

/** Who may use a site and its routes. */
export interface Access {
  /** Whether a password is asked for somewhere. */
  readonly hasPasswords: boolean
  /** The layers of the pipeline; none without a rule. */
  readonly addresses: readonly Layer[]
  readonly admission: readonly Layer[]
  /** Both layers of a route, for the folders that a handler passes requests on to; undefined for the served one. */
  readonly within: (route: string | undefined) => Layer
}

/**
 * Compiles who may use a site. What a route sets replaces what the site has, and the route that answers decides.
 *
 * @param routeOf The id of the route that answers; undefined for the served folder and for none.
 */
export function createAccess(
  config: Pick<ResolvedConfig, 'auth' | 'authFile' | 'allow' | 'origin' | 'passAuthorization'>,
  routes: readonly ResolvedRoute[],
  routeOf: (x: Exchange) => string | undefined,
  admit: Admit,
): Access {
  const { auth, authFile, allow, origin, passAuthorization } = config
  const site = {
    allow,
    origin,
    passAuthorization,
    users: usersIn({ auth: auth ?? false, ...(authFile && { authFile }) }),
  }
  const limited = routes.flatMap(({ id, access }) => (access === undefined ? [] : [[id, ruleOf(access, id)] as const]))
  const ofRoutes = new Map(limited.map(([id, rule]) => [id, admit(rule)]))
  const all = [site, ...limited.map(([, rule]) => rule)]
  const ofSite = admit({ ...site, route: undefined, realm: 'serve8008' })

  function ruleOf({ allow, origin, passAuthorization, ...own }: ResolvedAccess, id: string): AccessRule {
    const users = own.auth === undefined && own.authFile === undefined ? site.users : usersIn(own)
    return {
      allow: allow ?? site.allow,
      origin: origin ?? site.origin,
      passAuthorization: passAuthorization ?? site.passAuthorization,
      users,
      route: id,
      // Browsers send a password to all that has the same realm.
      realm: users === site.users ? 'serve8008' : `serve8008 ${id}`,
    }
  }

  function chosen(name: keyof AccessLayers): Layer {
    if (ofRoutes.size === 0) return ofSite[name]
    return (next) => {
      const usual = ofSite[name](next)
      const own = new Map([...ofRoutes].map(([id, layers]) => [id, layers[name](next)]))
      return (x) => {
        const route = routeOf(x)
        return ((route === undefined ? undefined : own.get(route)) ?? usual)(x)
      }
    }
  }

  const hasPasswords = all.some(({ users }) => users !== undefined)
  return {
    hasPasswords,
    addresses: all.some((rule) => rule.allow !== undefined) ? [chosen('addresses')] : [],
    admission: hasPasswords || all.some((rule) => rule.origin !== undefined) ? [chosen('admission')] : [],
    within(route) {
      if (!all.some((rule) => (rule.allow ?? rule.origin ?? rule.users) !== undefined)) return (next) => next
      const { addresses, admission } = (route === undefined ? undefined : ofRoutes.get(route)) ?? ofSite
      return (next) => addresses(admission(next))
    },
  }
}

function usersIn({ auth, authFile }: ResolvedAccess): AccessRule['users'] {
  return authFile === undefined ? auth || undefined : { file: authFile }
}
