import { resolve } from 'node:path'
import type { ConfigFile } from './read-file.ts'
import { optionsByKey, optionTable } from '../options/option-table.ts'
import { hasFetch, isPlainObject } from '../plain-object.ts'
import { withAbsoluteFiles, withAbsoluteItems, withAbsoluteRoutes } from './route-files.ts'
import type { OptionSource } from './source.ts'

/** The merged sources. */
export interface Merged {
  readonly options: Readonly<Record<string, unknown>>
  /** The origin of each option, and of each inner key of `headers`, `mounts`, `proxy` and `limits` (joined with a dot). */
  readonly origins: ReadonlyMap<string, string>
}

/** Merges sources, the weakest first. `headers`, `mounts`, `proxy` and `limits` merge by their inner keys. */
export function mergeSources(sources: readonly OptionSource[]): Merged {
  // Without a prototype `__proto__` is an ordinary key, which validation reports as unknown.
  const options = Object.create(null) as Record<string, unknown>
  const origins = new Map<string, string>()
  for (const source of sources) {
    for (const rival of Object.keys(source.options).flatMap((key) => excludedBy(key, source.options[key]))) {
      forget(rival, options, origins)
    }
    for (const [key, value] of Object.entries(source.options)) {
      if (value === undefined) forget(key, options, origins)
      else if (optionsByKey.get(key)?.innerKey !== undefined && isPlainObject(value)) {
        const known = isPlainObject(options[key]) ? options[key] : {}
        options[key] = mergeRecord(key, known, value, source, origins)
      } else options[key] = value
    }
    for (const [key, origin] of source.origins) origins.set(key, origin)
  }
  for (const { finish } of sources) finish?.(options, origins)
  return { options: { ...options }, origins }
}

/** A config file, or what a plugin returns, as a source. Its relative paths are resolved against the folder. */
export function sourceFromFile(
  file: Pick<ConfigFile, 'folder' | 'options' | 'problems'>,
  origin: string,
): OptionSource {
  const options = withAbsolutePaths(file.options, file.folder)
  const named = [...Object.keys(options), ...file.problems.flatMap(({ path }) => path[0] ?? [])]
  const origins = new Map(named.map((key) => [key, origin]))
  return { options, origins, problems: file.problems }
}

/** The options in which paths stand deeper. */
const completions: Readonly<Record<string, (value: unknown, folder: string) => unknown>> = {
  proxy: withAbsoluteFiles,
  routes: withAbsoluteRoutes,
  certificates: withAbsoluteItems,
  listeners: withAbsoluteItems,
}

function withAbsolutePaths(given: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  const options = { ...given }
  const absolute = (value: unknown): unknown =>
    typeof value === 'string' && value !== '' ? resolve(folder, value) : value
  for (const { key } of optionTable.filter((entry) => entry.isPath)) {
    const value = options[key]
    if (!Object.hasOwn(options, key)) continue
    options[key] = Array.isArray(value)
      ? value.map(absolute)
      : isPlainObject(value) && !hasFetch(value)
        ? Object.fromEntries(Object.entries(value).map(([path, folder]) => [path, absolute(folder)]))
        : absolute(value)
  }
  for (const [key, complete] of Object.entries(completions)) {
    if (Object.hasOwn(options, key)) options[key] = complete(options[key], folder)
  }
  const { sites } = options
  if (Array.isArray(sites)) {
    options['sites'] = sites.map((site: unknown) => (isPlainObject(site) ? withAbsolutePaths(site, folder) : site))
  }
  return options
}

function mergeRecord(
  key: string,
  known: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, unknown>>,
  source: OptionSource,
  origins: Map<string, string>,
): Record<string, unknown> {
  const entries = new Map(Object.entries(known))
  const spellings = new Map(Object.keys(known).map((inner) => [spelt(key, inner), inner]))
  for (const [inner, value] of Object.entries(added)) {
    const same = spelt(key, inner)
    const old = spellings.get(same)
    // Two spellings within one source are a mistake, which validation reports.
    if (old !== undefined && old !== inner) {
      entries.delete(old)
      origins.delete(`${key}.${old}`)
    }
    entries.set(inner, value)
    origins.set(`${key}.${inner}`, source.origins.get(`${key}.${inner}`) ?? source.origins.get(key) ?? 'default')
  }
  return Object.fromEntries(entries)
}

/** `X-A` and `x-a` are one key of `headers`. */
function spelt(key: string, inner: string): string {
  return optionsByKey.get(key)?.innerKey?.(inner) ?? inner
}

function excludedBy(key: string, value: unknown): readonly string[] {
  return value === undefined || value === false ? [] : (optionsByKey.get(key)?.excludes ?? [])
}

function forget(key: string, options: Record<string, unknown>, origins: Map<string, string>): void {
  delete options[key]
  for (const path of origins.keys()) if (path === key || path.startsWith(`${key}.`)) origins.delete(path)
}
