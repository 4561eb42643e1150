import { limitNames, limitTable } from '../../config/options/limits.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { isCleartextHttp2 } from '../../config/resolve/complete.ts'
import { optionTable, type OptionEntry } from '../../config/options/option-table.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import type { Limits } from '../../config/options/limits.ts'
import { describeRoute } from '../../config/kinds/describe.ts'

/** One setting: its option, its value, and where it comes from. */
export interface Setting {
  /** The option; `limits.ranges` for a limit. */
  readonly key: string
  /** As it was resolved; undefined where there is none. */
  readonly value: unknown
  /** `default`, `flag --port`, `env PORT`, `file serve8008.config.js`, or what implies it: `route /grpc`. */
  readonly origin: string
}

/** Every setting in the order of the documentation; each limit is one. */
export function settingsOf(loaded: LoadedConfig): Setting[] {
  return optionTable.flatMap((entry) => (entry.key === 'limits' ? limitSettings(loaded) : [settingOf(entry, loaded)]))
}

function settingOf(entry: OptionEntry, { config, options, origins }: LoadedConfig): Setting {
  const { key } = entry
  const told = origins[key] ?? 'default'
  const origin = told === 'default' ? impliedOrigin(key, config, origins) : told
  if (key === 'proxy' || key === 'routes' || key === 'mounts') {
    // Those of `proxy` come first, those of `mounts` last.
    const proxied = Object.keys(options.proxy ?? {}).length
    const mounted = config.routes.length - Object.keys(options.mounts ?? {}).length
    const range = { proxy: [0, proxied], routes: [proxied, mounted], mounts: [mounted] }[key]
    const shown = config.routes.slice(...range)
    return { key, value: Object.fromEntries(shown.map((route) => [route.id, describeRoute(route)])), origin }
  }
  if (entry.show !== undefined) return { key, value: entry.show(config, options[key] as never), origin }
  const value = config[key as keyof ResolvedConfig]
  return { key, value: entry.redact === undefined ? value : entry.redact(value as never), origin }
}

/** The origin of an option that another one, or a route, turns on. */
function impliedOrigin(key: string, config: ResolvedConfig, origins: LoadedConfig['origins']): string {
  if (key === 'tls') return impliedTls(config, origins)
  const route = key === 'h2c' && config.h2c ? config.routes.find(isCleartextHttp2) : undefined
  return route === undefined ? 'default' : `route ${route.id}`
}

/** The origin of HTTPS where another option than `tls` turns it on. */
function impliedTls({ tls }: ResolvedConfig, origins: LoadedConfig['origins']): string {
  const implying = optionTable.filter(({ impliesTls }) => impliesTls && tls !== undefined)
  const found = implying.map(({ key }) => origins[key] ?? 'default').find((origin) => origin !== 'default')
  return found ?? 'default'
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
