import { endianness } from 'node:os'

/** A socket that holds a port, as `/proc/net/tcp` shows it: without its process. */
export interface ListeningSocket {
  /** It listens, is a connection, or is a closed connection that waits for late packets. */
  readonly state: 'listening' | 'connection' | 'closing'
  /** Local address in its usual text form, IPv4-mapped ones as IPv4. */
  readonly address: string
  readonly port: number
  readonly uid: number
  /** The inode that the descriptors of its process name. */
  readonly inode: string
}

const states: Readonly<Record<string, ListeningSocket['state']>> = { '0A': 'listening', '06': 'closing' }

/**
 * The sockets of `/proc/net/tcp` or `tcp6` (proc_net(5)). Skips lines in another format.
 *
 * @param littleEndian addresses are 32-bit words in the byte order of the machine. Default: of this one.
 */
export function parseProcNet(text: string, littleEndian: boolean = endianness() === 'LE'): ListeningSocket[] {
  return text.split('\n').flatMap((line) => parseSocketLine(line, littleEndian) ?? [])
}

/** One line of the table; undefined for one in another format. */
export function parseSocketLine(
  line: string,
  littleEndian: boolean = endianness() === 'LE',
): ListeningSocket | undefined {
  const [, local = '', , state, , , , uid, , inode] = line.trim().split(/\s+/)
  const [, words, port] = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(local) ?? []
  if (words === undefined || port === undefined || inode === undefined || state === undefined) return undefined
  return {
    state: states[state] ?? 'connection',
    address: formatAddress(words, littleEndian),
    port: Number.parseInt(port, 16),
    uid: Number(uid),
    inode,
  }
}

function formatAddress(words: string, littleEndian: boolean): string {
  const bytes = Buffer.from(words, 'hex')
  if (littleEndian) bytes.swap32()
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.readUInt16BE(10) === 0xffff && bytes.subarray(0, 10).every((byte) => byte === 0)) {
    return bytes.subarray(12).join('.')
  }
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  // The URL parser writes IPv6 in its canonical form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
