import * as v from 'valibot'
import type { ListenerOptions } from '../value-types.ts'
import { parseJsonText } from '../values/parse-text.ts'
import { unset, type GivenBy, type Unset } from './option.ts'
import type { OfSite, SiteGroupOptions } from './site-groups.ts'
import { descriptor, flag, listOf, plainText, ports } from './shapes.ts'
import { certificateShape } from './tls.ts'

const listener = v.strictObject(
  {
    name: v.optional(plainText),
    port: v.optional(ports),
    strictPort: v.optional(flag),
    host: v.optional(plainText),
    lan: v.optional(flag),
    socket: v.optional(plainText),
    fd: v.optional(descriptor),
    tls: v.optional(flag),
    certificates: v.optional(listOf(certificateShape, 'a list of certificates')),
  },
  'an object such as { port: 8443, tls: true }',
)

/** One site of the option `sites`. Options that it does not set have their defaults, not the values beside `sites`. */
export interface SiteOptions extends GivenBy<OfSite<SiteGroupOptions>> {
  /** Name, which must be unique. Default: its first host, else its first listener. */
  name?: string | undefined
  /** Names that it answers for, `*.dev.localhost` for every name below one. Default: all that no other site has, on its `listeners`. */
  host?: string | readonly string[] | undefined
  /** Names of the listeners on which it answers. Default: all. */
  listeners?: string | readonly string[] | undefined
}

/** The keys of a listener. @internal */
export const listenerKeys: readonly string[] = Object.keys(listener.entries)

/** Several listeners and sites in one server. */
export class SeveralOptions {
  /**
   * Several listeners instead of one for plain HTTP and one for HTTPS: `[{ port: 8008 }, { port: 8448, tls: true }]`; see
   * {@link ListenerOptions}.
   */
  readonly listeners: Unset<readonly ListenerOptions[]> = unset({
    schema: listOf(listener, 'a list of listeners'),
    flag: false,
    kind: 'value',
    valueName: 'JSON',
    mask: 'VALUE',
    parse: parseJsonText,
    description: 'Several listeners, plain ones and ones for HTTPS, instead of one each.',
    accepts: 'a list such as [{ "port": 8008 }, { "port": 8448, "tls": true }]',
    excludes: ['port', 'socket', 'fd', 'tlsPort', 'tls'],
    show: ({ listeners }, given) => given && listeners.map(({ name }) => name),
  })
  /**
   * Sites with a host name each: `[{ host: 'docs.localhost', root: './docs' }]`; see {@link SiteOptions}. `root`, `mounts`, `proxy`
   * and `routes` beside them are the site of every other name; without these there is none.
   */
  readonly sites: Unset<readonly SiteOptions[]> = unset({
    // Each site is validated as options of its own.
    schema: listOf(v.record(v.string(), v.unknown(), 'an object of options'), 'a list of sites') as v.GenericSchema<
      readonly SiteOptions[]
    >,
    flag: false,
    kind: 'value',
    valueName: 'JSON',
    mask: 'VALUE',
    parse: parseJsonText,
    description: 'Sites with a host name each, beside the one of the other options.',
    accepts: 'a list such as [{ "host": "docs.localhost", "root": "./docs" }]',
    show: (_config, given) =>
      given?.map(({ name, host, listeners }) => name ?? [host ?? listeners ?? ''].flat().join(', ')),
  })
}

/** The definitions. @internal */
export const severalOptions: SeveralOptions = new SeveralOptions()
