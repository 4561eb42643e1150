import { fieldOf, type HttpReply } from './reply.ts'

/** A server that does not speak HTTP, told by the first bytes that it sends. */
export interface Greeting {
  /** The protocol, for example `ssh`. */
  readonly protocol: string
  readonly product: string
  /** Tested against the bytes as Latin-1. The group `version` is the version. */
  readonly bytes: RegExp
  /** Sent on a second connection when the greeting has no version; the reply is matched by `answer`. */
  readonly follow?: { readonly send: string; readonly answer: RegExp }
}

const redisVersion = { send: 'INFO server\r\n', answer: /(?:redis|valkey)_version:(?<version>[\w.-]+)/ }
const memcachedVersion = { send: 'version\r\n', answer: /^VERSION (?<version>[\w.-]+)/ }

/** Greetings, the more specific first. */
export const greetings: readonly Greeting[] = [
  { protocol: 'ssh', product: 'OpenSSH', bytes: /^SSH-[\d.]+-OpenSSH_(?<version>[\w.]+)/ },
  { protocol: 'ssh', product: 'Dropbear SSH', bytes: /^SSH-[\d.]+-dropbear(?:_(?<version>[\w.]+))?/ },
  { protocol: 'ssh', product: 'SSH server', bytes: /^SSH-\d/ },
  { protocol: 'mysql', product: 'MariaDB', bytes: /^[^]{3}\0\x0a(?:5\.5\.5-)?(?<version>\d[\d.]*)-MariaDB/i },
  { protocol: 'mysql', product: 'MySQL', bytes: /^[^]{3}\0\x0a(?<version>\d[\w.+~-]*)\0/ },
  {
    protocol: 'mysql',
    product: 'MySQL or MariaDB',
    bytes: /^[^]{3}\0\xff[^]{2}(?:#\w{5})?(?:Host|Too many connections)/,
  },
  { protocol: 'smtp', product: 'Exim', bytes: /^220[ -][^\r\n]{0,200}ESMTP Exim (?<version>[\d.]+)/ },
  { protocol: 'smtp', product: 'Postfix', bytes: /^220[ -][^\r\n]{0,200}ESMTP Postfix/ },
  { protocol: 'smtp', product: 'SMTP server', bytes: /^(?:220|421|554)[ -][^\r\n]{0,300}SMTP/i },
  { protocol: 'ftp', product: 'vsftpd', bytes: /^220 \(vsFTPd (?<version>[\d.]+)\)/ },
  { protocol: 'ftp', product: 'ProFTPD', bytes: /^220 ProFTPD (?<version>[\w.]+)?/ },
  { protocol: 'ftp', product: 'FTP server', bytes: /^220[ -][^\r\n]*\r?\n|^530 / },
  { protocol: 'imap', product: 'Dovecot', bytes: /^\* OK [^\r\n]{0,300}Dovecot/ },
  { protocol: 'imap', product: 'IMAP server', bytes: /^\* (?:OK|PREAUTH|BYE) / },
  { protocol: 'pop3', product: 'POP3 server', bytes: /^\+OK / },
  { protocol: 'vnc', product: 'VNC server', bytes: /^RFB (?<version>\d{3}\.\d{3})\n/ },
  { protocol: 'rsync', product: 'rsync', bytes: /^@RSYNCD: (?<version>[\d.]+)/ },
  { protocol: 'amqp', product: 'AMQP broker', bytes: /^AMQP[\0-\x09]/ },
  { protocol: 'telnet', product: 'Telnet server', bytes: /^\xff[\xfb-\xfe]/ },
  { protocol: 'svn', product: 'Subversion', bytes: /^\( success \( \d/ },
  { protocol: 'mqtt', product: 'MQTT broker', bytes: /^\x20\x02[\0\x01][\0-\x05]/ },
  { protocol: 'redis', product: 'Valkey', bytes: /^\$\d+\r\n# Server\r\n[^]*valkey_version:(?<version>[\w.-]+)/ },
  { protocol: 'redis', product: 'Redis', bytes: /^\$\d+\r\n# Server\r\nredis_version:(?<version>[\w.-]+)/ },
  { protocol: 'redis', product: 'Redis (asks for a password)', bytes: /^-NOAUTH / },
  { protocol: 'redis', product: 'Redis (protected mode)', bytes: /^-DENIED Redis is running in protected mode/ },
  {
    protocol: 'redis',
    product: 'Redis',
    bytes: /^(?:\+PONG|-ERR (?:unknown command|wrong number of arguments for) )/,
    follow: redisVersion,
  },
  { protocol: 'memcached', product: 'memcached', bytes: /^ERROR\r\n/, follow: memcachedVersion },
  { protocol: 'postgres', product: 'PostgreSQL', bytes: /^[SN]$/ },
  { protocol: 'postgres', product: 'PostgreSQL', bytes: /^E[^]{0,200}unsupported frontend protocol/ },
]

/** Something to say to a server that did not answer an HTTP request. Each is harmless: it reads at most a version. */
export interface ProtocolProbe {
  readonly name: string
  readonly send: Buffer | string
  readonly ports: readonly number[]
  /** Asked only where the port or the command suggests it; otherwise of every server that closed without an answer. */
  readonly isRare: boolean
  readonly command: RegExp
}

/** In the order they are asked, unless a port or a command suggests one. */
export const protocolProbes: readonly ProtocolProbe[] = [
  { name: 'Redis INFO', send: redisVersion.send, ports: [6379], isRare: false, command: /redis|valkey/i },
  // SSLRequest: the server answers one byte, whether it would speak TLS (PostgreSQL, Message Formats).
  {
    name: 'PostgreSQL SSLRequest',
    send: Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]),
    ports: [5432],
    isRare: false,
    command: /postgres/i,
  },
  // CONNECT of MQTT 3.1.1 without a name, with a clean session.
  {
    name: 'MQTT CONNECT',
    send: Buffer.from('\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0', 'latin1'),
    ports: [1883],
    isRare: true,
    command: /mosquitto|mqtt/i,
  },
  { name: 'memcached version', send: memcachedVersion.send, ports: [11211], isRare: true, command: /memcached/i },
]

/** The greeting that bytes are, if a known one. */
export function greetingOf(
  bytes: Buffer,
): { greeting: Greeting; version: string | undefined; said: string } | undefined {
  const text = bytes.subarray(0, 4096).toString('latin1')
  for (const greeting of greetings) {
    const found = greeting.bytes.exec(text)
    if (found !== null) return { greeting, version: found.groups?.['version'], said: found[0] }
  }
  return undefined
}

/** Whether bytes are a TLS alert or handshake record. */
export function isTlsRecord(bytes: Buffer): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 3
}

/** Whether bytes begin with a SETTINGS frame, which an HTTP/2 server sends first (RFC 9113 section 3.4). */
export function isHttp2(bytes: Buffer): boolean {
  return bytes.length >= 9 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0 && bytes.readUIntBE(0, 3) % 6 === 0
}

/** What servers say to plain HTTP on a TLS port: nginx, Apache, Go and Tomcat. */
const tlsWanted =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server port|Client sent an HTTP request to an HTTPS server|combination of host and port requires TLS/i

/** Whether a reply to plain HTTP says that the port wants TLS, in words or by a redirect to itself. */
export function wantsTls(reply: HttpReply, port: number): boolean {
  const location = fieldOf(reply, 'location')
  if (reply.status < 400)
    return /^https:/i.test(location) && URL.canParse(location) && new URL(location).port === String(port)
  return tlsWanted.test(reply.body)
}
