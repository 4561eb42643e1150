import * as v from 'valibot'
import type { AdvertiseOptions, ResolvedAdvertise } from '../value-types.ts'
import { resolveAdvertise } from '../values/advertise.ts'
import { parseInteger, parseJsonText, parseSwitchOrText, type Parsed } from '../values/parse-text.ts'
import {
  filePath,
  joint,
  oneText,
  option,
  plain,
  portList,
  toggle,
  unset,
  type Joint,
  type Option,
  type Toggle,
  type Unset,
} from './option.ts'
import { descriptor, flag, plainText } from './shapes.ts'

const advertised = v.strictObject(
  {
    name: v.optional(plainText),
    id: v.optional(plainText),
    http: v.optional(flag),
    googlecast: v.optional(v.union([flag, v.number()], 'true, false or a port')),
    dial: v.optional(v.union([flag, plainText], 'true, false or a path')),
  },
  'an object such as { name: "TV", dial: true }',
)

function parseAdvertised(texts: readonly string[]): Parsed {
  const parsed = parseJsonText(texts)
  return 'value' in parsed ? parsed : { ...parsed, hint: `write '{"dial":true}', with quotes around each key` }
}

/** Where the server listens. */
export class AddressOptions {
  /**
   * One port, or a list tried in order; 0 lets the system choose. A string of digits, such as `process.env.PORT`, is a port
   * too. Default `[8008, 591, 8080, 8000]`.
   */
  readonly port: Joint<number | string | readonly (number | string)[]> = joint({
    ...portList,
    aliases: ['p'],
    shared: 'PORT',
    default: [8008, 591, 8080, 8000],
    description: 'Port, or several separated by commas, tried in this order; 0 lets the system choose.',
    overview: 'exactly this port, or several to try in order',
    isOfStart: true,
    excludes: ['socket', 'fd'],
    show: (config) => config.ports,
    foreignFlags: [[['-l', '--listen'], '--port']],
  })
  /** Fail instead of trying the next port of a list. Default false. */
  readonly strictPort: Joint<boolean> = joint({
    ...toggle,
    default: false,
    description: 'Fail instead of trying the next port of a list.',
    // A single port behaves as strict too, but that is not a setting.
    show: (_config, given = false) => given,
    foreignFlags: [[['--no-port-switching'], '--strict-port']],
  })
  /** Address or name to listen on; `localhost` is both loopback addresses. Default `localhost`. */
  readonly host: Joint<string> = joint({
    ...oneText,
    valueName: 'HOST',
    shared: 'HOST',
    default: 'localhost',
    description: 'Address or name to listen on; localhost is both loopback addresses.',
    accepts: 'a host name or an IP address, without scheme and port',
    foreignFlags: [[['-a', '-H', '--address', '--bind'], '--host']],
    correct: (value) =>
      value === true
        ? 'did you mean lan: true?'
        : value === false
          ? 'leave it out: localhost is the default'
          : undefined,
  })
  /** Serve the local network: listen on every address, and accept the names of this machine. Default false. */
  readonly lan: Joint<boolean> = joint({
    ...toggle,
    default: false,
    description: "Share with the local network: every address, and this machine's own names.",
    overview: 'share with the local network, with a QR code',
    excludes: ['host'],
    foreignFlags: [[['--expose', '--public', '--qr', '--qrcode'], '--lan']],
  })
  /** Whether the server may listen on every address of the machine: with `lan`, or with the host `0.0.0.0` or `::`. Default true. */
  readonly wildcard: Toggle = plain({
    ...toggle,
    default: true,
    description: 'Allow listening on every address of the machine: with --lan, 0.0.0.0 or ::.',
  })
  /**
   * Tell the devices of the network of this server, by mDNS (`_http._tcp`), under the name of the machine or this one; an object
   * also states `_googlecast._tcp` and DIAL. Needs an address that they reach, as with `lan`. Default false.
   */
  readonly advertise: Option<boolean | string | AdvertiseOptions, ResolvedAdvertise | undefined> = option({
    schema: v.union([flag, plainText, advertised], 'true, false, a name or an object'),
    kind: 'optional',
    valueName: 'NAME',
    form: () => / |^\{/,
    parse: (texts) => (texts.at(-1)?.startsWith('{') === true ? parseAdvertised(texts) : parseSwitchOrText(texts)),
    default: false,
    description: 'Tell the devices of the network of this server by mDNS; use with --lan.',
    accepts: 'true, false, a name such as "My name", or an object such as { "dial": true }',
    resolve: (advertise, { problems }) => resolveAdvertise(advertise, problems),
  })
  /** Listen on a unix socket (or a Windows pipe) at this path instead of a port. */
  readonly socket: Unset<string> = unset({
    ...filePath,
    description: 'Listen on a unix socket (or a Windows pipe) instead of a port.',
    accepts: 'the path of a socket',
    excludes: ['fd'],
    foreignKeys: [[['ipc'], 'did you mean "socket"?']],
  })
  /** Listen on an inherited descriptor, for example 3 under systemd socket activation. */
  readonly fd: Unset<number> = unset({
    schema: descriptor,
    kind: 'value',
    valueName: 'NUMBER',
    parse: parseInteger,
    description: 'Listen on an inherited descriptor, for example 3 under systemd socket activation.',
    accepts: 'the number of an open descriptor, such as 3',
  })
}

/** The definitions. @internal */
export const addressOptions: AddressOptions = new AddressOptions()
