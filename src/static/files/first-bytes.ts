import { closeSync, constants, openSync, readSync } from 'node:fs'
import { toDisk } from '../../core/util/disk-name.ts'

/** Bytes at the start of a file that decide about its kind (WHATWG MIME Sniffing, "resource header"). */
const resourceHeaderBytes = 1445

/** Binary data bytes (WHATWG MIME Sniffing section 3). Tab, line feed, form feed, CR and ESC are text. */
const binaryByte: ReadonlySet<number> = new Set(
  [
    [0x00, 0x08],
    [0x0b, 0x0b],
    [0x0e, 0x1a],
    [0x1c, 0x1f],
  ].flatMap(([first = 0, last = 0]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
)

/**
 * Whether the start of a file is text (WHATWG MIME Sniffing section 7.2): it begins with a byte order mark, or has no
 * binary data byte in its first 1445 bytes.
 */
export function isText(head: Uint8Array): boolean {
  if (hasByteOrderMark(head)) return true
  const end = Math.min(head.length, resourceHeaderBytes)
  for (let i = 0; i < end; i++) if (binaryByte.has(head[i] as number)) return false
  return true
}

/** Like {@link isText}, and also true for UTF-16 without a byte order mark, where every second byte is zero. */
export function isAnyText(head: Uint8Array): boolean {
  if (isText(head)) return true
  const odd = head.filter((_, i) => i % 2 === 1)
  const even = head.filter((_, i) => i % 2 === 0)
  const isZero = (byte: number): boolean => byte === 0
  return head.length > 1 && ((odd.every(isZero) && isText(even)) || (even.every(isZero) && isText(odd)))
}

/** Whether the file starts with these bytes, given as Latin-1. */
export function startsWith(head: Uint8Array, start: string): boolean {
  return latin1(head, 0, start.length) === start
}

/** The start of a file as Latin-1, in which every byte is one character. */
export function latin1(head: Uint8Array, from = 0, to: number = head.length): string {
  return Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1', from, to)
}

function hasByteOrderMark([a, b, c]: Uint8Array): boolean {
  return (a === 0xef && b === 0xbb && c === 0xbf) || (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe)
}

/** Whether a file named `*.key` may be a secret key, by its first bytes and its size. */
export function mayBeSecretKey(head: Uint8Array, size: number): boolean {
  // RFC 8216 section 4.3.2.4: the key of an HLS playlist has 16 octets, and players fetch it.
  if (size === 16 && !/^[\t\n\r -~]*$/.test(latin1(head))) return false
  // PEM, OpenSSH, PuTTY, WireGuard, age; hexadecimal and base64 keys of frameworks.
  if (isAnyText(head)) return true
  // Raw keys of 256 to 512 bits.
  if (size === 32 || size === 48 || size === 64) return true
  const [first = 0] = head
  // ASN.1 SEQUENCE: PKCS #1, #8 and #12, SEC 1. Java key stores.
  return first === 0x30 || startsWith(head, '\xfe\xed\xfe\xed') || isSecretOpenPgp(first)
}

/**
 * Whether the start is that of a private key in DER: a SEQUENCE that begins with a version (PKCS #1, #8 and #12, SEC 1)
 * or with the identifier of a password-based encryption (PKCS #5). Certificates, requests and public keys begin
 * otherwise.
 */
export function isDerKey(head: Uint8Array): boolean {
  return /^\x30(?:[\0-\x7f]|\x81.|\x82..)(?:\x02\x01[\0\x01\x03]|\x30.\x06.\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c])/s.test(
    latin1(head, 0, 32),
  )
}

/** Whether an OpenPGP file may contain more than public keys and signatures, which users publish. */
export function mayBeSecretOpenPgp(head: Uint8Array): boolean {
  if (startsWith(head, '-----BEGIN PGP '))
    return !/^-----BEGIN PGP (?:PUBLIC KEY BLOCK|SIGNATURE)-----/.test(latin1(head))
  const tag = openPgpTag(head[0] ?? 0)
  return tag !== 2 && tag !== 6
}

function isSecretOpenPgp(first: number): boolean {
  const tag = openPgpTag(first)
  return tag === 5 || tag === 7
}

/** The type of an OpenPGP packet by its first octet, in the new and the old format (RFC 9580 section 4.2). */
function openPgpTag(first: number): number | undefined {
  if ((first & 0x80) === 0) return undefined
  return (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f
}

// A pipe that replaces the file must not block the server.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** The first bytes of a file, by descriptor or path; undefined if they cannot be read. */
export function readFirstBytes(file: number | string): Uint8Array | undefined {
  if (typeof file === 'number') return readStart(file)
  try {
    const fd = openSync(toDisk(file), openFlags)
    try {
      return readStart(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

function readStart(fd: number): Uint8Array | undefined {
  const head = Buffer.alloc(resourceHeaderBytes)
  try {
    return head.subarray(0, readSync(fd, head, 0, head.length, 0))
  } catch {
    return undefined
  }
}
