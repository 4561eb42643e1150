import * as v from 'valibot'
import type { ListenerOptions } from '../value-types.ts'
import { parseJsonText } from '../values/parse-text.ts'
import { unset, type Unset } from './option.ts'
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

/** The keys of a listener. @internal */
export const listenerKeys: readonly string[] = Object.keys(listener.entries)

/** Several listeners in one server. */
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
    excludes: ['port', 'strictPort', 'socket', 'fd', 'tls', 'tlsPort'],
    show: ({ listeners }, given) => given && listeners.map(({ name }) => name),
  })
}

/** The definitions. @internal */
export const severalOptions: SeveralOptions = new SeveralOptions()
