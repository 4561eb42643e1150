import type { OptionRow } from './option-entry.ts'
import * as read from './parse-text.ts'

type TlsKey = 'tls' | 'tlsPort' | 'cert' | 'key' | 'ca' | 'pfx' | 'passphrase' | 'certificates' | 'redirect' | 'h2c'

/** The rows of HTTPS, and of HTTP/2 without it. */
export const tlsRows: Readonly<Record<TlsKey, OptionRow>> = {
  tls: {
    group: 'TLS',
    flags: ['tls', 'S', 'https', 'ssl'],
    kind: 'optional',
    valueName: 'only',
    parse: read.parseSwitchOrText,
    description: 'Serve HTTPS too; "only" redirects all plain HTTP. Browsers warn until you run serve8008 trust.',
    accepts: 'true, false or only',
  },
  tlsPort: {
    group: 'TLS',
    flags: ['tls-port'],
    kind: 'value',
    valueName: 'PORT',
    parse: read.parsePorts,
    description: 'Port for HTTPS, or several separated by commas, tried in this order.',
    accepts: 'a whole number from 0 to 65535, or a list of them',
  },
  cert: file('cert', ['ssl-cert', 'tls-cert'], 'Your own certificate (PEM), with its chain.', 'a certificate'),
  key: file('key', ['ssl-key', 'tls-key'], 'Key of the certificate (PEM).', 'a key'),
  ca: file('ca', [], 'Additional certificates of authorities (PEM).', 'a file of certificates'),
  pfx: file('pfx', [], 'Certificate and key in one file (PKCS #12).', 'a PKCS #12 file'),
  passphrase: {
    group: 'TLS',
    flags: ['passphrase'],
    kind: 'value',
    valueName: 'TEXT',
    isSecret: true,
    parse: read.parseText,
    description: 'Passphrase of the key; safer in SERVE8008_PASSPHRASE.',
    accepts: 'a text',
  },
  certificates: {
    group: 'TLS',
    flags: [],
    kind: 'value',
    valueName: 'JSON',
    isSecret: true,
    parse: read.parseSecretJson,
    description: 'Additional certificates of your own, for other names (SNI).',
    accepts: 'a list such as [{ "cert": "a.pem", "key": "a.key" }]',
  },
  redirect: {
    group: 'TLS',
    flags: ['redirect'],
    kind: 'optional',
    valueName: 'asked',
    parse: read.parseSwitchOrText,
    description: 'Redirect plain HTTP to HTTPS; "asked": only requests with Upgrade-Insecure-Requests: 1.',
    accepts: 'true, false or asked',
  },
  h2c: {
    group: 'TLS',
    flags: ['h2c'],
    kind: 'boolean',
    parse: read.parseSwitch,
    description: 'Serve HTTP/2 without TLS, as gRPC clients use it (prior knowledge).',
    accepts: 'true or false',
  },
}

function file(name: string, aliases: readonly string[], description: string, what: string): OptionRow {
  return {
    group: 'TLS',
    flags: [name, ...aliases],
    kind: 'value',
    valueName: 'FILE',
    isPath: true,
    parse: read.parseText,
    description,
    accepts: `the path of ${what}`,
  }
}
