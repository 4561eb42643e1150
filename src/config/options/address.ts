import { parseInteger } from '../values/parse-text.ts'
import {
  filePath,
  joint,
  oneText,
  plain,
  portList,
  toggle,
  unset,
  type Joint,
  type Toggle,
  type Unset,
} from './option.ts'
import { descriptor } from './shapes.ts'

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
    excludes: ['host'],
    foreignFlags: [[['--expose', '--public', '--qr', '--qrcode'], '--lan']],
  })
  /** Whether the server may listen on every address of the machine: with `lan`, or with the host `0.0.0.0` or `::`. Default true. */
  readonly wildcard: Toggle = plain({
    ...toggle,
    default: true,
    description: 'Allow listening on every address of the machine: with --lan, 0.0.0.0 or ::.',
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
