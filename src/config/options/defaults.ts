import { limitNames, limitTable } from './limits.ts'
import type { Limits, CheckedOptions } from '../types.ts'

/** Options that have no value unless they are given one. */
type Unset = 'socket' | 'fd' | 'auth' | 'authFile' | 'cert' | 'key' | 'ca' | 'pfx' | 'passphrase'

/** Every default, in the form in which a person would write it. */
export const defaults: Readonly<Required<Omit<CheckedOptions, Unset>> & { limits: Limits }> = Object.freeze({
  root: '.',
  port: Object.freeze([8008, 591, 8080, 8000]),
  strictPort: false,
  host: 'localhost',
  lan: false,
  tls: false,
  tlsPort: Object.freeze([8443, 8444, 9443, 10_443]),
  certificates: Object.freeze([]),
  redirect: false,
  h2c: false,
  open: false,
  single: false,
  cors: false,
  listing: true,
  cleanUrls: true,
  trailingSlash: 'auto',
  dotfiles: false,
  serve: Object.freeze([]),
  followSymlinks: false,
  headers: Object.freeze({}),
  cache: false,
  compress: true,
  isolate: false,
  allowHost: Object.freeze([]),
  base: '/',
  mounts: Object.freeze({}),
  proxy: Object.freeze({}),
  routes: Object.freeze([]),
  trust: Object.freeze([]),
  timeout: 0,
  live: true,
  watch: Object.freeze([]),
  ignore: Object.freeze([]),
  reload: 'page',
  toast: false,
  console: false,
  poll: false,
  log: 'none',
  limits: Object.freeze(
    Object.fromEntries(limitNames.map((name) => [name, limitTable[name].default])) as unknown as Limits,
  ),
})

/** The access log of the command, where a person looks on; a library is silent unless asked. */
export const commandLog = 'pretty'
