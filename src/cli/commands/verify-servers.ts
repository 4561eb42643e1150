import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { isLoopback } from '../../core/util/ip.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { defaultTotalMs, verifyServer, type CheckCode, type VerifyOptions, type VerifyResult } from '../../scan/scan.ts'
import type { Listening } from '../../server/types.ts'
import type { Command } from '../args/command.ts'
import { authorityOwner } from '../authority-owner.ts'
import { createConfiguredServer } from '../configured-server.ts'
import type { Reporter } from '../output/reporter.ts'
import type { Program } from '../process-io.ts'
import { renderVerified, type Verified } from './verify-text.ts'

/**
 * Tests the server of a URL, or that of the settings, in each way in which it would listen.
 * With --json one line: `{ "passed", "results": [{ "url", "addresses", "port", "protocols", "relay", "checks", "passed" }], "untested": [] }`.
 *
 * @throws ServeError what {@link verifyServer} throws, and for settings that cannot be served
 */
export async function verifyServers(command: Command, program: Program, report: Reporter): Promise<number> {
  const [target, extra] = command.words
  const host = allowedHost(command)
  if (extra !== undefined) throw usage(`verify takes one URL, but got ${printable(extra)} too.`)
  const isOwn = target === undefined
  if (!isOwn && Object.keys(command.flags).length > 0) {
    throw usage('Folders and the flags of serving are for the server that verify starts, not for that of a URL.')
  }
  const verified = isOwn
    ? await verifyOwn(command, program, report, host)
    : { results: [await verifyServer(target, { host })], untested: [] }
  const isSafe = verified.results.every(({ passed }) => passed)
  if (command.json) report.print(`${printableJson({ passed: isSafe, ...verified })}\n`)
  else if (!command.quiet) report.print(renderVerified(verified, report.terminal))
  return isSafe ? 0 : 1
}

function allowedHost({ values }: Command): string | undefined {
  const given = values.get('allowedHost')
  return typeof given === 'string' ? given : Array.isArray(given) ? given.at(-1) : undefined
}

/** Starts the server of the settings on the loopback, tests it and closes it. */
async function verifyOwn(
  command: Command,
  program: Program,
  report: Reporter,
  host: string | undefined,
): Promise<Verified> {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-verify-'))
  const untested = new Set<string>()
  const change = (config: ResolvedConfig): ResolvedConfig => onLoopback(config, folder, host, untested)
  try {
    const authority = authorityOwner(program.env).folder
    const { server, loaded, config } = await createConfiguredServer(command, program, report, change, {
      authorityFolder: authority,
    })
    for (const warning of loaded.warnings) report.warning(warning)
    try {
      const listening = await server.listen()
      const results: VerifyResult[] = []
      const end = performance.now() + defaultTotalMs
      for (const { url, options } of targetsOf(listening, config)) {
        const totalMs = Math.max(0, end - performance.now())
        results.push(await verifyServer(url, { ...options, totalMs }))
      }
      return { results: results.map((each) => withOwnFixes(each, loaded.origins)), untested: [...untested] }
    } finally {
      await server.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Listens on free ports of the loopback, and on unix sockets of its own. Routes to other machines are answered by 503: a test
 * of this server must not send them anything.
 */
function onLoopback(
  config: ResolvedConfig,
  folder: string,
  host: string | undefined,
  untested: Set<string>,
): ResolvedConfig {
  const own = { host: 'localhost', lan: false, ports: [0], fd: undefined }
  const routes = config.routes.map((route) => {
    if (isOnThisMachine(route, host)) return route
    untested.add(route.id)
    return { ...route, action: { kind: 'reply', status: 503, headers: [], body: '' } } satisfies ResolvedRoute
  })
  return {
    ...config,
    ...own,
    routes,
    socket: undefined,
    listeners: config.listeners.map((each, i) => ({
      ...each,
      ...own,
      socket: each.socket === undefined ? undefined : join(folder, `${i}.sock`),
    })),
    sites: config.sites.map((site) => ({ ...site, config: onLoopback(site.config, folder, host, untested) })),
  }
}

function isOnThisMachine({ action }: ResolvedRoute, host: string | undefined): boolean {
  if (action.kind !== 'proxy') return true
  return action.proxy.upstreams.every(
    ({ hostname, socketPath }) =>
      socketPath !== undefined ||
      hostname === host ||
      isLoopback(hostname) ||
      /^(?:.+\.)?localhost\.?$/i.test(hostname),
  )
}

/** Each site on each of its listeners. */
function targetsOf(
  { listeners }: Listening,
  config: ResolvedConfig,
): { readonly url: string; readonly options: VerifyOptions }[] {
  return listeners.flatMap(({ name, protocol, port, addresses, urls }) => {
    const [address = ''] = addresses
    const at = port === 0 ? '' : `:${port}`
    const main = urls.local[0] ?? `${protocol}://localhost${at}${config.base}`
    const sites = config.sites.filter((site) => site.listeners?.includes(name) !== false)
    return [
      ...(config.defaultSite ? [port === 0 ? `http://localhost${config.base}` : main] : []),
      ...sites.map(({ hosts, config: { base } }) => {
        const [host = 'localhost'] = hosts
        return `${protocol}://${host.startsWith('.') ? `any${host}` : host}${at}${base}`
      }),
    ].map((url) => ({ url, options: { address } }))
  })
}

/** The options that can make each check of our own server fail. */
const causes: Readonly<Record<CheckCode, readonly string[]>> = {
  S8008_ANSWER: ['handler', 'plugins'],
  S8008_OPEN_RELAY: ['proxy', 'routes', 'handler', 'plugins'],
  S8008_HOST: ['allowHost', 'proxy', 'routes', 'sites'],
  S8008_HOST_MISSING: ['plugins'],
  S8008_WEBSOCKET_ORIGIN: ['proxy', 'routes', 'handler', 'plugins'],
  S8008_EVENTS_ORIGIN: ['cors', 'headers', 'proxy', 'routes', 'handler', 'plugins'],
  S8008_CORS: ['cors', 'headers', 'proxy', 'routes', 'handler', 'plugins'],
  S8008_DOTFILES: ['dotfiles', 'serve', 'proxy', 'routes', 'handler'],
  S8008_KEYS: ['serve', 'proxy', 'routes', 'handler'],
  S8008_BACKUPS: ['serve', 'proxy', 'routes', 'handler'],
  S8008_TRAVERSAL: ['root', 'mounts', 'followSymlinks', 'proxy', 'routes', 'handler'],
  S8008_OUTSIDE: ['proxy', 'routes', 'handler', 'plugins'],
  S8008_LISTING: ['dotfiles', 'serve', 'proxy', 'routes', 'handler'],
  S8008_TLS_VERSION: ['tls'],
  S8008_TLS_EXPIRY: ['cert', 'pfx', 'certificates', 'listeners'],
  S8008_TLS_NAMES: ['cert', 'pfx', 'certificates', 'listeners'],
}

/** Names the setting that made a check fail, where one did. */
function withOwnFixes(result: VerifyResult, origins: Readonly<Record<string, string>>): VerifyResult {
  const checks = result.checks.map((check) => {
    if (check.verdict !== 'failed') return check
    const set = Object.entries(origins).filter(
      ([path, origin]) => origin !== 'default' && causes[check.code].includes(path.split(/[.[]/, 1)[0] ?? ''),
    )
    const [first] = set
    if (first === undefined) return check
    const [path, origin] = first
    return { ...check, fix: printable(`remove or narrow ${path} (set by ${origin})`, 200) }
  })
  return { ...result, checks }
}

function usage(message: string): ServeError {
  return new ServeError('E8008_USAGE', message, { hint: 'serve8008 verify http://localhost:8008/' })
}
