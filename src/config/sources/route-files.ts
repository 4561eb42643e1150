import { resolve } from 'node:path'
import { kinds } from '../kinds/registry.ts'
import { hasFetch, isPlainObject } from '../plain-object.ts'

const fileKeys: readonly string[] = ['ca', 'cert', 'key', 'pfx', 'socket']

/** `routes` of a config file, with their folders and files resolved against its folder. */
export function withAbsoluteRoutes(value: unknown, folder: string): unknown {
  if (!Array.isArray(value)) return value
  return value.map((each: unknown) => {
    const route = withAbsoluteFiles(each, folder)
    if (!isPlainObject(route)) return route
    const paths = ['authFile', ...Object.values(kinds).flatMap((kind) => kind.paths ?? [])].flatMap((key) => {
      const path = route[key]
      return typeof path === 'string' && path !== '' ? [[key, resolve(folder, path)]] : []
    })
    return { ...route, ...Object.fromEntries(paths) }
  })
}

/** `proxy` of a config file, or a route, with the files in `tls` resolved against its folder. */
export function withAbsoluteFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => withAbsoluteFiles(each, folder))
  if (!isPlainObject(value) || hasFetch(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'tls' && isPlainObject(inner) ? absoluteFiles(inner, folder) : withAbsoluteFiles(inner, folder),
    ]),
  )
}

/** `certificates` or `listeners` of a config file, with their files resolved against its folder. */
export function withAbsoluteItems(value: unknown, folder: string): unknown {
  if (!Array.isArray(value)) return value
  return value.map((each: unknown) => (isPlainObject(each) ? absoluteFiles(each, folder) : each))
}

function absoluteFiles(tls: Readonly<Record<string, unknown>>, folder: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tls).map(([key, value]) => [
      key,
      key === 'certificates'
        ? withAbsoluteItems(value, folder)
        : fileKeys.includes(key) && typeof value === 'string' && value !== ''
          ? resolve(folder, value)
          : value,
    ]),
  )
}
