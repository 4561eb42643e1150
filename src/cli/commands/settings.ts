import { defaults } from '../../config/options/defaults.ts'
import { limitNames, limitTable } from '../../config/options/limits.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { isCleartextHttp2 } from '../../config/resolve/resolve.ts'
import type { OptionEntry } from '../../config/options/option-entry.ts'
import { optionTable } from '../../config/options/option-table.ts'
import { hidden, redactFields, redactUrl } from '../../core/util/secret.ts'
import type { Limits, ResolvedConfig, ServeOptions } from '../../config/types.ts'
import { actionText } from '../output/display.ts'

/** One setting: its option, its value, and where it comes from. */
export interface Setting {
  /** The option; `limits.ranges` for a limit. */
  readonly key: string
  /** As it was resolved; undefined where there is none. */
  readonly value: unknown
  /** `default`, `flag --port`, `env PORT`, `file serve8008.config.js`, or what implies it: `route /grpc`. */
  readonly origin: string
}

/** Options that have another name in the resolved configuration, or must not be shown as they are. */
const views: Readonly<Record<string, (config: ResolvedConfig) => unknown>> = {
  port: ({ ports }) => ports,
  tls: ({ tls }) => (tls?.only === true ? 'only' : tls !== undefined),
  tlsPort: ({ tls }) => tls?.ports ?? defaults.tlsPort,
  redirect: ({ redirect }) => (redirect === 'always' ? true : (redirect ?? false)),
  cache: ({ cacheControl }) => cacheControl,
  timeout: ({ timeoutMs }) => (timeoutMs === 0 ? undefined : `${timeoutMs / 1000}s`),
  allowHost: ({ allowHosts }) => allowHosts,
  live: ({ live }) => live !== undefined,
  watch: ({ live }) => live?.watch,
  ignore: ({ live }) => live?.ignore,
  reload: ({ live }) => live?.reload,
  toast: ({ live }) => live?.toast,
  console: ({ live }) => live?.console,
  poll: ({ live }) => live?.poll,
  open: ({ open }) => (open === undefined ? undefined : redactUrl(open)),
  headers: ({ headers }) => headers.map((rule) => ({ ...rule, headers: redactFields(rule.headers) })),
  auth: ({ auth }) => (auth === undefined ? undefined : `${auth.user}:…`),
}

/** Every setting in the order of the documentation; each limit is one. */
export function settingsOf(loaded: LoadedConfig): Setting[] {
  return optionTable.flatMap((entry) => (entry.key === 'limits' ? limitSettings(loaded) : [settingOf(entry, loaded)]))
}

function settingOf({ key }: OptionEntry, { config, options, origins }: LoadedConfig): Setting {
  const told = origins[key] ?? 'default'
  const origin = told === 'default' ? impliedOrigin(key, config, origins) : told
  // A single port behaves as strict too, but that is not a setting.
  if (key === 'strictPort') return { key, value: options.strictPort ?? defaults.strictPort, origin }
  if (key === 'proxy' || key === 'routes') {
    const short = Object.keys(options.proxy ?? {})
    const shown = config.routes.filter(({ name }) => short.includes(name) === (key === 'proxy'))
    return { key, value: Object.fromEntries(shown.map((route) => [route.name, actionText(route)])), origin }
  }
  if (certificateKeys.has(key)) return { key, value: certificateValue(key, options), origin }
  return { key, value: views[key]?.(config) ?? config[key as keyof ResolvedConfig], origin }
}

/** The origin of an option that another one, or a route, turns on. */
function impliedOrigin(key: string, config: ResolvedConfig, origins: LoadedConfig['origins']): string {
  if (key === 'tls') return impliedTls(config, origins)
  const route = key === 'h2c' && config.h2c ? config.routes.find(isCleartextHttp2) : undefined
  return route === undefined ? 'default' : `route ${route.name}`
}

/** The origin of HTTPS where another option than `tls` turns it on. */
function impliedTls({ tls }: ResolvedConfig, origins: LoadedConfig['origins']): string {
  const implying = tls === undefined ? [] : (['tlsPort', 'cert', 'pfx', 'certificates', 'redirect'] as const)
  const found = implying.map((key) => origins[key] ?? 'default').find((origin) => origin !== 'default')
  return found ?? 'default'
}

const certificateKeys: ReadonlySet<string> = new Set(['cert', 'key', 'ca', 'pfx', 'passphrase', 'certificates'])

/** The value without secrets: a passphrase is one, and a list may contain some. */
function certificateValue(key: string, options: ServeOptions): unknown {
  if (key === 'passphrase') return options.passphrase === undefined ? undefined : hidden
  if (key !== 'certificates') return options[key as 'cert']
  return options.certificates?.map(({ cert, pfx }) => cert ?? pfx ?? '')
}

function limitSettings({ config, origins }: LoadedConfig): Setting[] {
  const originOf = (name: keyof Limits): string => origins[`limits.${name}`] ?? 'default'
  return limitNames.map((name) => {
    const value = config.limits[name]
    // The header section is part of the request: setting one of the two times changes the other.
    const mover = name === 'headerMs' ? 'requestMs' : 'headerMs'
    const moved = originOf(name) === 'default' && value !== limitTable[name].default
    return { key: `limits.${name}`, value, origin: originOf(moved ? mover : name) }
  })
}
