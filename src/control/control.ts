import { nodeCrypto } from '../core/util/builtin.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import type { Endpoints, LiveControl } from './endpoints.ts'
import type { Owner } from './owner-endpoints.ts'

/** The addresses below `/__serve8008/`: the layers of the pipeline that answer them, and their token. */
export interface Control {
  /** Endpoints that ask for the token. They come before the password. */
  readonly tokenEndpoints: Layer
  /** The other endpoints. */
  readonly publicEndpoints: Layer
  /** The token that allows a program to reload pages; each server has another one. */
  readonly token: string
  /**
   * The mount at which pages of an embedding program got the address of a socket, for the URL of that socket: the program
   * cuts it off ordinary requests, and not off an upgrade. Empty for every other URL.
   */
  mountOf(url: string): string
  /** From now on every endpoint answers 503. Pages then try again: another server may start on this port. */
  close(): void
}

/** What {@link createControl} needs. */
export interface ControlOptions {
  /** Path prefix of the whole server, with a slash at both ends. */
  readonly base: string
  /** Loads what the endpoints act on; undefined where live reload is off or cannot be loaded. */
  readonly live: () => LiveControl | undefined | Promise<LiveControl | undefined>
}

/** Most mounts that are known: a program can have one with a parameter, such as `/:tenant`. */
const knownMounts = 100

/** Makes the control endpoints. They are loaded with the first request for one. */
export function createControl({ base, live }: ControlOptions): Control {
  const prefix = controlPrefix(base)
  let token = ''
  let isEnding = false
  let endpoints: Endpoints | undefined
  const mounts = new Set<string>()

  const tokenOnce = (): string => (token ||= newToken())

  function endpointLayer(kind: keyof Endpoints): Layer {
    return (next: Handler) => (x) => {
      if (!x.target.path.startsWith(prefix)) return next(x)
      const acted = live()
      return acted === undefined ? next(x) : answer(kind, acted, next, x)
    }
  }

  async function answer(
    kind: keyof Endpoints,
    acted: LiveControl | Promise<LiveControl | undefined>,
    next: Handler,
    x: Exchange,
  ): Promise<Reply> {
    const { createEndpoints } = await import('./endpoints.ts')
    const loaded = await acted
    if (loaded === undefined) return next(x)
    if (x.notes.mount !== undefined) rememberMount(x.notes.mount)
    endpoints ??= createEndpoints({ prefix, isEnding: () => isEnding, token: tokenOnce, live: loaded })
    return endpoints[kind](next)(x)
  }

  function rememberMount(mount: string): void {
    const [oldest] = mounts.delete(mount) || mounts.size < knownMounts ? [] : mounts
    if (oldest !== undefined) mounts.delete(oldest)
    mounts.add(mount)
  }

  return {
    tokenEndpoints: endpointLayer('tokenEndpoints'),
    publicEndpoints: endpointLayer('publicEndpoints'),
    get token() {
      return tokenOnce()
    },
    mountOf: (url) => [...mounts].find((mount) => url.startsWith(`${mount}${prefix}socket?`)) ?? '',
    close() {
      isEnding = true
    },
  }
}

/** Names of what only the owner may ask for; without a name, the way to the dashboard. */
const ownerNames: ReadonlySet<string> = new Set(['', 'exchanges', 'dashboard'])

/** Answers what only the owner may ask for. It is loaded with the first request for it. */
export function createOwnerEndpoints(base: string, owner: Owner): Layer {
  const prefix = controlPrefix(base)
  return (next) => (x) => {
    const { path } = x.target
    if (!path.startsWith(prefix) || !ownerNames.has(path.slice(prefix.length)) || owner.token() === '') return next(x)
    x.notes.own = true
    return import('./owner-endpoints.ts').then(({ answerOwner }) => answerOwner(path.slice(prefix.length), x, owner))
  }
}

/** Path at which programs follow exchanges. */
export function exchangesPath(base: string): string {
  return `${controlPrefix(base)}exchanges`
}

/** Path of the control folder of a server. */
export function controlPrefix(base: string): string {
  return `${base}__serve8008/`
}

/** 256 bits. */
export function newToken(): string {
  const { randomBytes } = nodeCrypto()
  return randomBytes(32).toString('base64url')
}
