import { isAbsolute } from 'node:path'
import { formatHost } from '../../core/util/ip.ts'
import { parseHostName } from '../values/host-name.ts'
import { parsePathPrefix } from '../values/paths.ts'
import { nearest, quote, type Problem } from '../diagnostic.ts'
import type { ResolvedUpstream } from '../kinds/proxy-types.ts'

interface Scheme {
  readonly protocol: ResolvedUpstream['protocol']
  readonly port: number
}

/** `ws` and `wss` are HTTP: a WebSocket begins as an HTTP request. */
const schemes: Readonly<Record<string, Scheme>> = {
  http: { protocol: 'http:', port: 80 },
  https: { protocol: 'https:', port: 443 },
  ws: { protocol: 'http:', port: 80 },
  wss: { protocol: 'https:', port: 443 },
  h2: { protocol: 'h2:', port: 443 },
  h2c: { protocol: 'h2c:', port: 80 },
}

const accepted = 'use http://localhost:3000, https://…, ws://…, h2://…, h2c://…, unix:/path.sock or a port'

/** Parses a target; undefined, and a problem, where it is invalid. */
export function resolveUpstream(
  text: string,
  path: readonly string[],
  problems: Problem[],
): ResolvedUpstream | undefined {
  const fail = (message: string, hint: string): undefined => {
    problems.push({ path, message, hint })
    return undefined
  }
  const target = text.trim()
  if (/@|%40|\uff20/.test(target)) {
    // The message does not repeat it: it may hold a password.
    return fail('the target holds credentials', 'remove them, and set the field authorization in "headers"')
  }
  if (/[\s\\\x00-\x1f\x7f]/.test(target) || target === '') return fail(`${quote(text)} is not a target`, accepted)
  if (/[?#]/.test(target)) {
    const bare = target.replace(/[?#].*$/, '')
    return fail('the target has a query or a fragment, which it cannot have', `did you mean ${quote(bare)}?`)
  }
  if (/^unix:/i.test(target)) return resolveSocket(target, fail)
  const [, name, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(target) ?? []
  if (name === undefined || rest === undefined) return resolveShorthand(target, path, problems)
  const known = name.toLowerCase()
  const scheme = Object.hasOwn(schemes, known) ? schemes[known] : undefined
  if (scheme === undefined) {
    const meant = nearest(known, Object.keys(schemes))
    const hint = meant === undefined ? accepted : `did you mean ${quote(`${meant}://${rest}`)}?`
    return fail(`${quote(`${name}://`)} is not supported as a target`, hint)
  }
  const [, host = '', digits, pathname] = /^(\[[^\]]*\]|[^:/]*)(?::([^/]*))?(\/.*)?$/.exec(rest) ?? []
  const hostname = host === '' ? undefined : parseHostName(host)
  if (hostname === undefined) return fail(`${quote(text)} has no host`, accepted)
  const port = digits === undefined ? scheme.port : /^\d+$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) {
    const example = `${known}://${host}:${/^[1-9]\d{1,3}(?!\d)/.exec(digits ?? '')?.[0] ?? 3000}${pathname ?? ''}`
    const isLong = digits?.includes(':') === true
    const hint = isLong ? 'write an IPv6 address in brackets' : `write it like ${quote(example)}`
    return fail(`${quote(text)} has no port from 1 to 65535`, hint)
  }
  const prefix = pathname === undefined ? undefined : parsePathPrefix(pathname)
  if (pathname !== undefined && prefix === undefined) {
    return fail(`${quote(pathname)} is not a path`, 'use a plain path such as /v1, without dot segments')
  }
  const isUsual = port === (scheme.protocol === 'https:' || scheme.protocol === 'h2:' ? 443 : 80)
  const authority = `${formatHost(hostname)}${isUsual ? '' : `:${port}`}`
  return {
    label: scheme.protocol === 'http:' ? authority : `${scheme.protocol}//${authority}`,
    protocol: scheme.protocol,
    hostname,
    port,
    socketPath: undefined,
    authority,
    prefix: prefix?.replace(/\/$/, ''),
  }
}

/** Parses `3000`, `:3000` and `localhost:3000`, also with a path. */
function resolveShorthand(target: string, path: readonly string[], problems: Problem[]): ResolvedUpstream | undefined {
  const [, digits, after = ''] = /^:?(\d{1,5})(\/.*)?$/.exec(target) ?? []
  if (digits !== undefined) return resolveUpstream(`http://localhost:${digits}${after}`, path, problems)
  const [, host = '', port = '', rest = ''] = /^(\[[^\]]*\]|[\w.-]+):(\d+)(\/.*)?$/.exec(target) ?? []
  if (host !== '' && !Object.hasOwn(schemes, host.toLowerCase())) {
    return resolveUpstream(`http://${host}:${port}${rest}`, path, problems)
  }
  const [, name = ''] = /^([\w.-]+):[^:/]+(?:\/|$)/.exec(target) ?? []
  // `localhost:abc` has a wrong port; `http:3000` and `htp:localhost` have a scheme.
  if (parseHostName(name) !== undefined && nearest(name, Object.keys(schemes)) === undefined)
    return resolveUpstream(`http://${target}`, path, problems)
  const bare = target.replace(/^[a-z0-9]+(?::\/*|\/\/)/i, '').replace(/^(\d{2,5})\D*$/, 'localhost:$1')
  const isHost = parseHostName(bare.replace(/[:/].*$/, '')) !== undefined
  const hint = isHost ? `did you mean ${quote(`http://${bare}`)}?` : accepted
  problems.push({ path, message: `${quote(target)} is not a target`, hint })
  return undefined
}

/** Parses `unix:/run/app.sock` and `unix:/run/app.sock:/prefix`. */
function resolveSocket(
  target: string,
  fail: (message: string, hint: string) => undefined,
): ResolvedUpstream | undefined {
  const [, socketPath = '', pathname] = /^unix:(?:\/\/(?=\/))?(.*?)(?::(\/.*))?$/i.exec(target) ?? []
  if (!isAbsolute(socketPath)) {
    return fail(`${quote(target)} is not an absolute path of a socket`, 'write it like unix:/run/app.sock')
  }
  const prefix = pathname === undefined ? undefined : parsePathPrefix(pathname)
  if (pathname !== undefined && prefix === undefined)
    return fail(`${quote(pathname)} is not a path`, 'use a plain path')
  return {
    label: `unix:${socketPath}`,
    protocol: 'http:',
    hostname: 'localhost',
    port: 80,
    socketPath,
    authority: 'localhost',
    prefix: prefix?.replace(/\/$/, ''),
  }
}
