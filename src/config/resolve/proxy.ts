import { resolve } from 'node:path'
import type { KindContext } from '../kinds/kind.ts'
import type { Checked } from '../plain-object.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { resolvePassHeaders, resolveReplyFields, resolveRequestFields } from './fields.ts'
import { formatHost } from '../../core/util/ip.ts'
import { parseAuthority } from '../../http/message/authority.ts'
import { isToken } from '../../http/message/headers.ts'
import { parseHostName } from '../values/host-name.ts'
import { refusePem } from '../values/paths.ts'
import { resolveWords } from './target-words.ts'
import { resolveUpstream } from './upstream.ts'
import type {
  ProxyOptions,
  ProxySetting,
  ProxyTarget,
  ProxyTimeouts,
  ResolvedProxy,
  ResolvedUpstream,
  UpstreamTlsOptions,
} from '../kinds/proxy-types.ts'

/** Default of `connectMs`. */
const connectMs = 10_000

/** Checks the options of a proxy, and adds defaults. */
export function resolveProxy(
  value: Checked<ProxySetting>,
  path: readonly string[],
  { cwd, timeoutMs, problems }: KindContext,
): ResolvedProxy {
  const options = isObject(value) ? value : resolveWords(value, path, problems)
  const targets = [options.to].flat() as readonly ProxyTarget[]
  if (targets.length === 0)
    problems.push({ path, message: 'the target is missing', hint: 'add one: http://localhost:3000' })
  const upstreams = targets.flatMap((target) => resolveUpstream(String(target), path, problems) ?? [])
  const isSecure = ({ protocol }: ResolvedUpstream): boolean => protocol === 'https:' || protocol === 'h2:'
  if (!isObject(value) && options.tls !== undefined && upstreams.length > 0 && !upstreams.some(isSecure)) {
    problems.push({ path, message: 'insecure needs a target with TLS', hint: 'remove it, or write https://' })
  }
  const balance = options.balance ?? (options.hashBy === undefined ? 'round' : 'hash')
  const { health } = options
  if (health !== undefined && (!health.path.startsWith('/') || /[\s#\x00-\x1f\x7f]/.test(health.path))) {
    problems.push({
      path: [...path, 'health', 'path'],
      message: `${quote(health.path)} is not a path`,
      hint: 'use /health',
    })
  }
  return {
    upstreams,
    balance,
    hashBy: resolveHashBy(options.hashBy, balance, path, problems),
    changeOrigin: options.changeOrigin ?? false,
    requestFields: resolveRequestFields(options.headers ?? {}, [...path, 'headers'], problems),
    passHeaders: resolvePassHeaders(options.passHeaders ?? false, [...path, 'passHeaders'], problems),
    replyFields: resolveReplyFields(options.replyHeaders ?? {}, [...path, 'replyHeaders'], problems),
    buffer: options.buffer ?? false,
    rewrite: options.rewrite ?? true,
    aliases: resolveAliases(options, path, problems),
    rewriteBody: resolveRewriteBody(options, path, problems),
    scriptName: resolveScriptName(options, upstreams, path, problems),
    cookiePath: resolveCookiePath(options, path, problems),
    live: options.live ?? false,
    debug: options.debug ?? false,
    retries: options.retries ?? 1,
    hold: options.hold,
    timeouts: resolveTimeouts(timeoutMs, options.timeouts),
    health: health === undefined ? undefined : { intervalMs: 5000, timeoutMs: 2000, ...health },
    tls: resolveUpstreamTls(options.tls ?? {}, path, cwd, problems),
  }
}

/**
 * By default only connecting has a timeout: an upstream at a breakpoint, with a long poll or a language model may take any
 * time, and a client that disconnects ends its request.
 */
function resolveTimeouts(timeoutMs: number, given: Checked<ProxyOptions>['timeouts']): ProxyTimeouts {
  return { connectMs, headersMs: timeoutMs, bodyIdleMs: timeoutMs, totalMs: 0, upgradeMs: timeoutMs, ...given }
}

function isObject(value: Checked<ProxySetting>): value is Checked<ProxyOptions> {
  return typeof value === 'object' && !Array.isArray(value)
}

function resolveHashBy(
  text: string | undefined,
  balance: ResolvedProxy['balance'],
  path: readonly string[],
  problems: Problem[],
): ResolvedProxy['hashBy'] {
  const hint = 'use "header:x-user" or "cookie:session"'
  const at = [...path, 'hashBy']
  if (text === undefined) {
    if (balance === 'hash') problems.push({ path: at, message: 'balance "hash" needs it', hint })
    return undefined
  }
  if (balance !== 'hash')
    problems.push({ path: at, message: `balance ${quote(balance)} does not use it`, hint: 'leave it out' })
  const [, kind, name = ''] = /^(header|cookie):(.+)$/.exec(text) ?? []
  if (kind === undefined || !isToken(name)) {
    problems.push({ path: at, message: `${quote(text)} is neither a header nor a cookie`, hint })
    return undefined
  }
  return kind === 'header' ? { kind, name: name.toLowerCase() } : { kind: 'cookie', name }
}

/** Names of elements and attributes rather than patterns: these match in linear time, whatever an upstream sends. */
const urlPlace = /^(?:<(?:[a-z_][\w.-]*:)?[a-z_][\w.-]*>|(?:[a-z_][\w.-]*:)?[a-z_][\w.-]*=)$/i

function resolveRewriteBody(
  { rewriteBody = [], rewrite }: Checked<ProxyOptions>,
  path: readonly string[],
  problems: Problem[],
): readonly string[] {
  const at = [...path, 'rewriteBody']
  const names = Array.isArray(rewriteBody)
    ? (rewriteBody as readonly string[])
    : Object.entries(rewriteBody).flatMap(([name, isOn]) => (isOn === true ? [name] : []))
  for (const name of names.filter((each) => !urlPlace.test(each)))
    problems.push({
      path: at,
      message: `${quote(name)} is neither an element nor an attribute`,
      hint: 'use "<loc>" for the content of an element, "href=" for the values of an attribute',
    })
  if (rewrite === false && names.length > 0)
    problems.push({ path: at, message: 'cannot be combined with rewrite: false', hint: 'remove one of them' })
  return [...new Set(names)]
}

function resolveCookiePath(
  { cookiePath, rewrite }: Checked<ProxyOptions>,
  path: readonly string[],
  problems: Problem[],
): string | undefined {
  if (cookiePath === undefined) return undefined
  const at = [...path, 'cookiePath']
  // RFC 6265 section 4.1.1: a path ends at a semicolon or a control character. Clients ignore one without a slash in front.
  if (!/^\/[\x20-\x3a\x3c-\x7e]*$/.test(cookiePath))
    problems.push({
      path: at,
      message: `${quote(cookiePath)} is not a path`,
      hint: 'use a path of ASCII characters such as /',
    })
  if (rewrite === false)
    problems.push({ path: at, message: 'cannot be combined with rewrite: false', hint: 'remove one of them' })
  return cookiePath
}

function resolveAliases(
  { aliases = [], rewrite }: Checked<ProxyOptions>,
  path: readonly string[],
  problems: Problem[],
): readonly string[] {
  const at = [...path, 'aliases']
  if (aliases.length > 0 && rewrite === false)
    problems.push({ path: at, message: 'cannot be combined with rewrite: false', hint: 'remove one of them' })
  return aliases.map((alias) => {
    const isPort = alias.startsWith(':')
    const { hostname, port } = parseAuthority(isPort ? `localhost${alias}` : alias) ?? {}
    const isValid = hostname !== undefined && parseHostName(hostname) !== undefined
    if (!isValid || port === 0 || (isPort && port === undefined)) {
      problems.push({
        path: at,
        message: `${quote(alias)} is neither a host, with or without a port, nor a port`,
        hint: 'write it like cal.test, localhost:8443, [2001:db8::1]:8443 or :8443',
      })
    }
    return `${isPort ? '' : formatHost(hostname ?? '')}${port === undefined ? '' : `:${port}`}`
  })
}

function resolveScriptName(
  { scriptName = false, headers = {} }: Checked<ProxyOptions>,
  upstreams: readonly ResolvedUpstream[],
  path: readonly string[],
  problems: Problem[],
): boolean {
  if (!scriptName) return false
  const at = [...path, 'scriptName']
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'x-script-name'))
    problems.push({ path: at, message: 'sets the field X-Script-Name of "headers"', hint: 'remove one of them' })
  const kept = upstreams.find(({ prefix }) => prefix === undefined)
  if (kept !== undefined) {
    problems.push({
      path: at,
      message: `the target ${quote(kept.label)} has no path, so that no prefix is replaced`,
      hint: `did you mean ${quote(`${kept.label}${kept.socketPath === undefined ? '' : ':'}/`)}?`,
    })
  }
  return true
}

function resolveUpstreamTls(
  given: Checked<UpstreamTlsOptions>,
  path: readonly string[],
  cwd: string,
  problems: Problem[],
): ResolvedProxy['tls'] {
  const { verify = true, ca, cert, key, ...rest } = given
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'cert' : 'key'
    problems.push({
      path: [...path, 'tls'],
      message: `a client certificate needs ${quote(missing)} too`,
      hint: `add ${missing}`,
    })
  }
  const files = Object.entries({ ca, cert, key }).flatMap(([name, file]) => {
    refusePem(file, [...path, 'tls', name], problems)
    return file === undefined ? [] : [[name, resolve(cwd, file)] as const]
  })
  return { verify, ...rest, ...Object.fromEntries(files) }
}
