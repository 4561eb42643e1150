import type { Optional } from '../kinds/proxy-types.ts'
import { parseLimits } from '../values/parse-text.ts'
import { limitSchema, resolveLimits, usualLimits, type Limits } from './limits.ts'
import {
  filePath,
  joint,
  ofServer,
  oneText,
  option,
  plain,
  severalTexts,
  toggle,
  unset,
  type Joint,
  type OfServer,
  type Option,
  type Toggle,
  type Unset,
} from './option.ts'

/** Host names, passwords and limits. */
export class AccessOptions {
  /** Additional host names to answer for; `.example.test` also covers every name below it. */
  readonly allowHost: OfServer<Joint<string | readonly string[]>> = ofServer(
    joint({
      ...severalTexts,
      valueName: 'NAME',
      default: [],
      description: 'Additional host name to answer for; .example.test also covers every name below it.',
      accepts: 'host names such as app.example.test or .example.test, without scheme and port',
      show: ({ allowHosts }) => allowHosts,
      foreignKeys: [
        [['allowedHosts'], 'did you mean "allowHost"?'],
        [['disableHostCheck'], 'name the hosts in "allowHost"'],
      ],
    }),
  )
  /** `user:password` that every request must send (HTTP Basic, RFC 7617); neither part may be empty. */
  readonly auth: Unset<string> = unset({
    ...oneText,
    valueName: 'USER:PASSWORD',
    mask: 'USER:PASSWORD',
    description: 'User and password that every request must send.',
    accepts: 'user:password',
    excludes: ['authFile'],
    show: ({ auth }) => (auth === undefined ? undefined : `${auth.user}:…`),
    foreignFlags: [[['--password', '--user'], 'serve8008 --auth USER:PASSWORD']],
    foreignKeys: [[['username', 'user', 'password'], "write auth: 'user:password'"]],
  })
  /** Path of an htpasswd file (bcrypt, SHA-512, SHA-256, apr1, SHA) with the allowed users. */
  readonly authFile: Unset<string> = unset({
    ...filePath,
    description: 'File of htpasswd with the allowed users.',
    accepts: 'the path of an htpasswd file',
    foreignFlags: [[['--htpasswd'], '--auth-file']],
    foreignKeys: [[['htpasswd'], 'did you mean "authFile"?']],
  })
  /** Whether upstreams get the field `Authorization` of users who logged in. Default false. */
  readonly passAuthorization: Toggle = plain({
    ...toggle,
    default: false,
    description: 'Send the Authorization of users who logged in to upstreams.',
  })
  /**
   * Addresses and networks (`10.0.0.0/8`) of clients that are answered; also `loopback` for this machine and `private` for private
   * networks. Others get a 403. Behind a proxy of `trust` it is the client that counts. Default all.
   */
  readonly allow: Unset<string | readonly string[]> = unset({
    ...severalTexts,
    valueName: 'ADDRESS',
    description: 'Address or network of clients that are answered, also loopback and private; others get a 403.',
    accepts: 'loopback, private, IP addresses or networks such as 10.0.0.0/8',
    show: ({ allow }) => allow,
  })
  /**
   * Whose pages may send changing requests (all but GET, HEAD and OPTIONS) and upgrades: `same` for pages of this server,
   * origins such as `https://app.example.test`, or `none`. Other pages get a 403; programs pass. Default all.
   */
  readonly origin: Unset<string | readonly string[]> = unset({
    ...severalTexts,
    valueName: 'ORIGIN',
    description: 'Whose pages may send changing requests and upgrades: same, none, or an origin; others get a 403.',
    accepts: 'same, none, or origins such as https://app.example.test',
    show: ({ origin }) => (origin?.length === 0 ? ['none'] : origin),
  })
  /** Limits on sizes, counts and times. */
  readonly limits: OfServer<Option<Optional<Limits>, Limits>> = ofServer(
    option({
      schema: limitSchema,
      flag: 'limit',
      kind: 'list',
      valueName: 'NAME=VALUE',
      parse: parseLimits,
      default: usualLimits,
      description: 'Limit on what a client may send, or how long it may take.',
      accepts: 'limits by name, for example { "headerBytes": 32768 }',
      innerKey: (name) => name,
      resolve: (limits, { problems }) => resolveLimits(limits, problems),
    }),
  )
}

/** The definitions. @internal */
export const accessOptions: AccessOptions = new AccessOptions()
