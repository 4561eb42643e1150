import { formatHost } from '../../core/util/ip.ts'
import { isPlainObject } from '../plain-object.ts'

/** A target of another program. */
export interface ReadTarget {
  /** Scheme and authority, or the path of a socket: `http://localhost:3000`, `unix:/run/app.sock`. */
  readonly origin: string
  /** Its path without a final slash; `''` for the root. */
  readonly path: string
  readonly isSecure: boolean
  /** What of it has no counterpart: option and reason. */
  readonly lost: readonly (readonly [option: string, why: string])[]
}

/** What a target may hold beside its address: certificates, which are file names here. */
const certificates = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'ciphers', 'secureProtocol']

/** Reads a URL, as text or object, or the parts of one. Undefined for anything else. */
export function readTarget(target: unknown): ReadTarget | undefined {
  if (typeof target === 'string') return readText(target)
  if (target instanceof URL) return readText(target.href)
  if (!isPlainObject(target)) return undefined
  const { protocol = 'http:', host, hostname, port, socketPath, path, pathname, href } = target
  const lost = certificates
    .filter((name) => target[name] !== undefined)
    .map((name) => [`target.${name}`, 'certificates of a route are files'] as const)
  const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
  const way = text(path ?? pathname)
  if (typeof socketPath === 'string') {
    return { origin: `unix:${socketPath}`, path: way.replace(/[?#].*$|\/+$/g, ''), isSecure: false, lost }
  }
  const name = text(hostname) || text(host).replace(/:\d+$/, '')
  const number = text(port) || (/:(\d+)$/.exec(text(host))?.[1] ?? '')
  const scheme = text(protocol).replace(/:?$/, ':')
  const url = name === '' ? text(href) : `${scheme}//${formatHost(name)}${number === '' ? '' : `:${number}`}${way}`
  const read = readText(url)
  return read && { ...read, lost: [...lost, ...read.lost] }
}

function readText(text: string): ReadTarget | undefined {
  const [, scheme, user, authority, way = ''] =
    /^(https?|wss?):\/\/(?:([^/?#@]*)@)?([^/?#@]+)([^]*)$/i.exec(text.trim()) ?? []
  if (scheme === undefined || authority === undefined) return undefined
  const path = way.replace(/[?#].*$/, '')
  const lost: [string, string][] = []
  if (user !== undefined) lost.push(['target', 'a target has no user name; http-proxy ignores it too'])
  if (path !== way) lost.push(['target', 'a target has no query'])
  return {
    origin: `${scheme.toLowerCase()}://${authority}`,
    path: path.replace(/\/+$/, ''),
    isSecure: /^(?:https|wss)$/i.test(scheme),
    lost,
  }
}
