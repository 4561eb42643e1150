import * as v from 'valibot'
import { hidden } from '../../core/util/secret.ts'
import { isPlainObject } from '../plain-object.ts'
import type { CertificateFiles } from '../value-types.ts'
import { parsePorts, parseSecretJson, parseSwitchOrText } from '../values/parse-text.ts'
import { joint, oneText, toggle, type Joint, type OptionFacts, type Unset } from './option.ts'
import { flag, listOf, ports, plainText } from './shapes.ts'

const usualPorts: readonly number[] = [8443, 8444, 9443, 10_443]

const certificateFiles = v.strictObject(
  {
    cert: v.optional(plainText),
    key: v.optional(plainText),
    ca: v.optional(plainText),
    pfx: v.optional(plainText),
    passphrase: v.optional(plainText),
  },
  'an object of files',
)

/** HTTPS, and HTTP/2 without it. */
export const tlsOptions = {
  /**
   * Serve HTTPS too, on `tlsPort`, with certificates of the local authority or of your own; `only` redirects all plain HTTP.
   * Default false; `tlsPort`, `cert`, `pfx`, `certificates` and `redirect` imply true.
   */
  tls: (): Joint<boolean | 'only'> =>
    joint({
      schema: v.union([flag, v.literal('only')], 'true, false or only'),
      flags: ['tls', 'S', 'https', 'ssl'],
      kind: 'optional',
      valueName: 'only',
      form: () => /^only$/i,
      parse: parseSwitchOrText,
      default: false,
      description: 'Serve HTTPS too; "only" redirects all plain HTTP. Browsers warn until you run serve8008 trust.',
      accepts: 'true, false or only',
      show: ({ tls }) => (tls?.only === true ? 'only' : tls !== undefined),
      foreignKeys: [
        [['ssl'], 'did you mean "tls"? Files of your own are "cert" and "key"'],
        [
          ['https'],
          (value) =>
            isPlainObject(value)
              ? "write tls: true, and its files at the top: { cert: 'a.pem', key: 'b.pem' }"
              : 'did you mean "tls"?',
        ],
      ],
    }),
  /** Port for HTTPS, or a list tried in order; 0 lets the system choose. Default `[8443, 8444, 9443, 10443]`, and 0 where `port` is 0. */
  tlsPort: (): Joint<number | string | readonly (number | string)[]> =>
    joint({
      schema: ports,
      flags: ['tls-port'],
      kind: 'value',
      valueName: 'PORT',
      parse: parsePorts,
      default: usualPorts,
      description: 'Port for HTTPS, or several separated by commas, tried in this order.',
      accepts: 'a whole number from 0 to 65535, or a list of them',
      show: ({ tls }) => tls?.ports ?? usualPorts,
      foreignFlags: [[['--https-port'], '--tls-port']],
    }),
  /** Path of your own certificate (PEM), followed by its intermediate certificates. */
  cert: (): Unset<string> =>
    joint({
      ...file(['cert', 'ssl-cert', 'tls-cert']),
      default: undefined,
      description: 'Your own certificate (PEM), with its chain.',
      accepts: 'the path of a certificate',
    }),
  /** Path of the key of `cert` (PEM). */
  key: (): Unset<string> =>
    joint({
      ...file(['key', 'ssl-key', 'tls-key']),
      default: undefined,
      description: 'Key of the certificate (PEM).',
      accepts: 'the path of a key',
      foreignFlags: [[['-K'], '--key']],
    }),
  /** Path of additional certificates of authorities (PEM). */
  ca: (): Unset<string> =>
    joint({
      ...file(['ca']),
      default: undefined,
      description: 'Additional certificates of authorities (PEM).',
      accepts: 'the path of a file of certificates',
    }),
  /** Path of a certificate and its key in one file (PKCS #12), instead of `cert` and `key`. */
  pfx: (): Unset<string> =>
    joint({
      ...file(['pfx']),
      default: undefined,
      description: 'Certificate and key in one file (PKCS #12).',
      accepts: 'the path of a PKCS #12 file',
      excludes: ['cert', 'key'],
    }),
  /** Passphrase of `key` or `pfx`. */
  passphrase: (): Unset<string> =>
    joint({
      ...oneText,
      flags: ['passphrase'],
      valueName: 'TEXT',
      mask: 'PASSPHRASE',
      default: undefined,
      description: 'Passphrase of the key; safer in SERVE8008_PASSPHRASE.',
      accepts: 'a text',
      show: (_config, given) => (given === undefined ? undefined : hidden),
      foreignFlags: [[['--ssl-pass'], '--passphrase']],
    }),
  /** Additional certificates, selected by the name that the client requests (SNI, RFC 6066 section 3). */
  certificates: (): Joint<readonly CertificateFiles[]> =>
    joint({
      schema: listOf(certificateFiles, 'a list of certificates'),
      kind: 'value',
      valueName: 'JSON',
      mask: 'VALUE',
      parse: parseSecretJson,
      default: [],
      description: 'Additional certificates of your own, for other names (SNI).',
      accepts: 'a list such as [{ "cert": "a.pem", "key": "a.key" }]',
      show: (_config, given) => given?.map(({ cert, pfx }) => cert ?? pfx ?? ''),
    }),
  /**
   * Redirect plain HTTP to HTTPS: true redirects every request (308), `asked` only those with
   * `Upgrade-Insecure-Requests: 1` (307). Default false.
   */
  redirect: (): Joint<boolean | 'asked'> =>
    joint({
      schema: v.union([flag, v.literal('asked')], 'true, false or asked'),
      flags: ['redirect'],
      kind: 'optional',
      valueName: 'asked',
      form: () => /^asked$/i,
      parse: parseSwitchOrText,
      default: false,
      description: 'Redirect plain HTTP to HTTPS; "asked": only requests with Upgrade-Insecure-Requests: 1.',
      accepts: 'true, false or asked',
      show: ({ redirect }) => (redirect === 'always' ? true : (redirect ?? false)),
    }),
  /**
   * Serve HTTP/2 without TLS to clients that send its preface first (RFC 9113 section 3.3). Default false; an `h2c:` target
   * in the options implies true.
   */
  h2c: (): Joint<boolean> =>
    joint({
      ...toggle,
      flags: ['h2c'],
      default: false,
      description: 'Serve HTTP/2 without TLS, as gRPC clients use it (prior knowledge).',
    }),
}

/** What the options for files of a certificate have in common. */
function file(
  flags: readonly string[],
): typeof oneText & Pick<OptionFacts<string>, 'flags' | 'valueName' | 'isPath' | 'show'> {
  return { ...oneText, flags, valueName: 'FILE', isPath: true, show: (_config, given) => given }
}
