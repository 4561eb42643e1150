import { limitNames, limitTable } from './limits.ts'
import type { Limits, CheckedOptions } from '../types.ts'

/** Options without a default. */
type Unset = 'socket' | 'fd' | 'auth' | 'authFile' | 'cert' | 'key' | 'ca' | 'pfx' | 'passphrase'

/** Every default, as a config file would hold it. */
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

/** The default of `log` in the command. */
export const commandLog = 'pretty'
