import * as v from 'valibot'
import { hidden } from '../../core/util/secret.ts'
import { isPlainObject } from '../plain-object.ts'
import type { CertificateFiles } from '../value-types.ts'
import { parseJsonText } from '../values/parse-text.ts'
import {
  filePath,
  joint,
  oneText,
  portList,
  switchOr,
  toggle,
  unset,
  type Joint,
  type OptionFacts,
  type Unset,
} from './option.ts'
import { listOf, plainText } from './shapes.ts'

const usualPorts: readonly number[] = [8443, 8444, 9443, 10_443]

/** The files of a certificate. @internal */
export const certificateShape: v.GenericSchema<CertificateFiles> = v.strictObject(
  {
    cert: v.optional(plainText),
    key: v.optional(plainText),
    ca: v.optional(plainText),
    pfx: v.optional(plainText),
    passphrase: v.optional(plainText),
  },
  'an object of files',
)

const certificateFile: typeof filePath & Pick<OptionFacts<string>, 'show'> = {
  ...filePath,
  show: (_config, given) => given,
}

/** HTTPS, and HTTP/2 without it. */
export class TlsOptions {
  /**
   * Serve HTTPS too, on `tlsPort`, with certificates of the local authority or of your own; `only` redirects all plain HTTP.
   * Default false; `tlsPort`, `cert`, `pfx`, `certificates` and `redirect` imply true.
   */
  readonly tls: Joint<boolean | 'only'> = joint({
    ...switchOr('only'),
    aliases: ['S', 'https', 'ssl'],
    default: false,
    description: 'Serve HTTPS too; "only" redirects all plain HTTP. Browsers warn until you run serve8008 trust.',
    overview: 'HTTPS too; browsers trust it after serve8008 trust',
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
  })
  /** Port for HTTPS, or a list tried in order; 0 lets the system choose. Default `[8443, 8444, 9443, 10443]`, and 0 where `port` is 0. */
  readonly tlsPort: Joint<number | string | readonly (number | string)[]> = joint({
    ...portList,
    default: usualPorts,
    impliesTls: true,
    description: 'Port for HTTPS, or several separated by commas, tried in this order.',
    show: ({ tls }) => tls?.ports ?? usualPorts,
    foreignFlags: [[['--https-port'], '--tls-port']],
  })
  /** Path of your own certificate (PEM), followed by its intermediate certificates. */
  readonly cert: Unset<string> = unset({
    ...certificateFile,
    aliases: ['ssl-cert', 'tls-cert'],
    impliesTls: true,
    description: 'Your own certificate (PEM), with its chain.',
    accepts: 'the path of a certificate',
  })
  /** Path of the key of `cert` (PEM). */
  readonly key: Unset<string> = unset({
    ...certificateFile,
    aliases: ['ssl-key', 'tls-key'],
    description: 'Key of the certificate (PEM).',
    accepts: 'the path of a key',
    foreignFlags: [[['-K'], '--key']],
  })
  /** Path of additional certificates of authorities (PEM). */
  readonly ca: Unset<string> = unset({
    ...certificateFile,
    description: 'Additional certificates of authorities (PEM).',
    accepts: 'the path of a file of certificates',
  })
  /** Path of a certificate and its key in one file (PKCS #12), instead of `cert` and `key`. */
  readonly pfx: Unset<string> = unset({
    ...certificateFile,
    impliesTls: true,
    description: 'Certificate and key in one file (PKCS #12).',
    accepts: 'the path of a PKCS #12 file',
    excludes: ['cert', 'key'],
  })
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase: Unset<string> = unset({
    ...oneText,
    valueName: 'TEXT',
    mask: 'PASSPHRASE',
    description: 'Passphrase of the key; safer in SERVE8008_PASSPHRASE.',
    accepts: 'a text',
    show: (_config, given) => (given === undefined ? undefined : hidden),
    foreignFlags: [[['--ssl-pass'], '--passphrase']],
  })
  /** Additional certificates, selected by the name that the client requests (SNI, RFC 6066 section 3). */
  readonly certificates: Joint<readonly CertificateFiles[]> = joint({
    schema: listOf(certificateShape, 'a list of certificates'),
    flag: false,
    kind: 'value',
    valueName: 'JSON',
    mask: 'VALUE',
    parse: parseJsonText,
    default: [],
    impliesTls: true,
    description: 'Additional certificates of your own, for other names (SNI).',
    accepts: 'a list such as [{ "cert": "a.pem", "key": "a.key" }]',
    show: (_config, given) => given?.map(({ cert, pfx }) => cert ?? pfx ?? ''),
  })
  /**
   * Redirect plain HTTP to HTTPS: true redirects every request (308), `asked` only those with
   * `Upgrade-Insecure-Requests: 1` (307). Default false.
   */
  readonly redirect: Joint<boolean | 'asked'> = joint({
    ...switchOr('asked'),
    default: false,
    impliesTls: true,
    description: 'Redirect plain HTTP to HTTPS; "asked": only requests with Upgrade-Insecure-Requests: 1.',
    show: ({ redirect }) => (redirect === 'always' ? true : (redirect ?? false)),
  })
  /**
   * Serve HTTP/2 without TLS to clients that send its preface first (RFC 9113 section 3.3). Default false; an `h2c:` target
   * in the options implies true.
   */
  readonly h2c: Joint<boolean> = joint({
    ...toggle,
    default: false,
    description: 'Serve HTTP/2 without TLS, as gRPC clients use it (prior knowledge).',
  })
}

/** The definitions. @internal */
export const tlsOptions: TlsOptions = new TlsOptions()
