import { X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { ServeError } from '../../core/serve-error.ts'
import { redactText } from '../../core/util/secret.ts'
import { day } from '../clock.ts'
import { isWholeDomain, certificateNames } from '../names.ts'
import { certificatesIn, privateKeyIn } from '../pem.ts'
import type { CertificateWarning, UserCertificate } from '../types.ts'

/** A certificate of the user, read and checked. */
export interface LoadedCertificate {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  /** Names and addresses that it is for; empty when they cannot be read from a PKCS #12 file. */
  readonly names: readonly string[]
  readonly warnings: readonly CertificateWarning[]
}

/** The files of a certificate. */
export function certificateFiles({ cert, key, ca, pfx }: UserCertificate): string[] {
  return [...new Set([cert, key, ca, pfx].filter((file) => file !== undefined))]
}

/**
 * Checks that the files can be read again: a pipe would block, and some devices never end. At the start they may be
 * pipes, which a shell makes of `<(command)`.
 *
 * @throws ServeError `E8008_CERT`, which names the file.
 */
export function checkOrdinary(files: readonly string[]): void {
  const odd = files.find((file) => {
    const stats = statSync(file, { throwIfNoEntry: false })
    return stats !== undefined && !stats.isFile() && !stats.isDirectory()
  })
  if (odd !== undefined) throw fault(`${odd} is not a regular file.`, 'put a file there')
}

/**
 * Reads a certificate with its key and checks that they belong together.
 *
 * @param now Milliseconds since 1970.
 * @throws ServeError `E8008_CERT`, which names the file.
 */
export function loadUserCertificate(own: UserCertificate, now: number): LoadedCertificate {
  const { options, leaf, file } = own.pfx === undefined ? readPems(own) : readPfx(own, own.pfx)
  const context = contextOf(options, file)
  const certificate = leaf ?? certificateOf(context)
  if (certificate === undefined) return { options, context, names: [], warnings: [] }
  return {
    options,
    context,
    names: certificateNames(certificate.subjectAltName),
    warnings: warningsOf(certificate, file, now),
  }
}

const secret = 'its passphrase as --passphrase, passphrase in a config file, or SERVE8008_PASSPHRASE'
/** Days before the end of a certificate from which a warning is reported. */
const noticeDays = 14

interface Read {
  readonly options: SecureContextOptions
  readonly leaf?: X509Certificate
  readonly file: string
}

function readPems(own: UserCertificate): Read {
  const file = own.cert ?? own.key
  if (file === undefined) throw fault('A certificate needs a file.', 'name its PEM file, or a PKCS #12 file')
  if (own.cert === undefined) throw fault(`The key ${file} needs its certificate.`, 'name the certificate as well')
  // Reads each file once: a shell's `<(command)` cannot be read again.
  const certText = textOf(own.cert)
  const keyText = own.key === undefined ? certText : textOf(own.key)
  if (own.key !== undefined && isSwapped(certText, keyText)) {
    throw fault(`${own.cert} holds a key and ${own.key} a certificate.`, 'swap --cert and --key (cert and key)')
  }
  const certificates = readCertificates(own.cert, certText)
  const key = readKey(own.key ?? own.cert, keyText, own)
  // The server's certificate should come first, but files in another order are common (RFC 8446 section 4.4.2).
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key))
  if (leaf === undefined) {
    const message =
      own.key === undefined
        ? `The certificate and the key in ${own.cert} do not belong together.`
        : `The key ${own.key} does not belong to the certificate ${own.cert}.`
    throw fault(message, 'take both from the same order, or make them again')
  }
  const further = own.ca === undefined ? [] : readCertificates(own.ca)
  // A client has the root or does not trust it, so the root is not sent.
  const chain = [...certificates.filter((each) => each !== leaf), ...further.filter((each) => !each.checkIssued(each))]
  const cert = [leaf, ...chain].map((each) => each.toString()).join('')
  return { options: { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }, leaf, file: own.cert }
}

/** Whether the files of certificate and key were confused. */
function isSwapped(cert: string, key: string): boolean {
  return isKeyOnly.test(cert) && !isCertificate.test(cert) && isCertificate.test(key) && !isKeyOnly.test(key)
}

const isCertificate = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/
const isKeyOnly = /-----BEGIN [A-Z ]*PRIVATE KEY-----/

function readPfx(own: UserCertificate, file: string): Read {
  const { passphrase, ca } = own
  const pfx = readBytes(file)
  if (pfx.includes('-----BEGIN ')) {
    throw fault(`${file} is PEM, not PKCS #12.`, 'give it as --cert (cert), with its key as --key (key)')
  }
  const options = {
    pfx,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca: readCertificates(ca).map((each) => each.toString()) }),
  }
  return { options, file }
}

function readCertificates(file: string, text = textOf(file)): X509Certificate[] {
  try {
    const certificates = certificatesIn(text)
    if (certificates.length > 0) return certificates
  } catch (cause) {
    throw fault(`${file} holds a certificate that cannot be read.`, 'make or order it again', cause)
  }
  throw fault(`${file} holds no certificate in PEM.`, `openssl x509 -inform DER -in ${file}`)
}

function readKey(file: string, text: string, { passphrase, key }: UserCertificate): KeyObject {
  try {
    const found = privateKeyIn(text, passphrase)
    if (found !== undefined) return found
  } catch (cause) {
    if (!/ENCRYPTED/.test(text)) throw fault(`The key in ${file} cannot be read.`, 'make it again', cause)
    if (passphrase === undefined) throw fault(`The key in ${file} is encrypted.`, `give ${secret}`, cause)
    throw fault(`The passphrase does not open the key in ${file}.`, `give the right one: ${secret}`, cause)
  }
  throw fault(`${file} holds no private key.`, key === undefined ? 'name the key as well' : 'name the file of the key')
}

function textOf(file: string): string {
  return readBytes(file).toString('latin1')
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const message = isMissing ? `${redactText(file)} does not exist.` : `${file} cannot be read.`
    throw fault(
      message,
      isMissing ? 'name a file that exists' : 'see that it is a file which this user may read',
      cause,
    )
  }
}

function contextOf(options: SecureContextOptions, file: string): SecureContext {
  try {
    return createSecureContext(options)
  } catch (cause) {
    const reason = (cause as Error).message
    if (options.pfx !== undefined && /mac verify|decrypt|password/i.test(reason)) {
      const isGiven = options.passphrase !== undefined
      const message = isGiven ? `The passphrase does not open ${file}.` : `${file} is encrypted.`
      throw fault(message, isGiven ? `give the right one: ${secret}` : `give ${secret}`, cause)
    }
    throw fault(
      `${file} cannot be used: ${reason}.`,
      'make it again; a P-256 or an RSA key of 2048 bits will do',
      cause,
    )
  }
}

/** Node cannot list the certificates of a PKCS #12 file, but a context that loaded it has the certificate. */
function certificateOf({ context }: SecureContext): X509Certificate | undefined {
  const der = (context as { getCertificate?: () => Buffer | null } | undefined)?.getCertificate?.()
  return der === undefined || der === null ? undefined : new X509Certificate(der)
}

function warningsOf(certificate: X509Certificate, file: string, now: number): CertificateWarning[] {
  const [start, end] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  const renew = 'renew it; the new one is taken up as soon as it is there'
  const refused = (reason: string, hint: string): CertificateWarning =>
    warning(`The certificate ${file} ${reason}, so clients will refuse it.`, hint)
  const warnings: CertificateWarning[] = []
  if (end <= now) warnings.push(refused(`expired on ${certificate.validTo}`, renew))
  else if (isEnding(start, end, now)) {
    warnings.push(warning(`The certificate ${file} expires on ${certificate.validTo}.`, renew))
  }
  if (start > now) {
    const hint = 'see that the clock of this machine is right, or use the certificate from before until then'
    warnings.push(refused(`is not valid before ${certificate.validFrom}`, hint))
  }
  if (certificate.subjectAltName === undefined) {
    const hint = 'make it again with its names in subjectAltName (openssl req -addext subjectAltName=DNS:app.test)'
    warnings.push(refused('names no host in subjectAltName', hint))
  }
  const wide = certificateNames(certificate.subjectAltName).filter((name) => isWholeDomain(name))
  if (wide.length > 0) {
    const message = `The certificate ${file} holds ${wide.join(', ')}, which most clients refuse: the star is for a whole domain.`
    warnings.push(
      warning(message, 'make it again with the exact names, or with stars below them, such as *.app.localhost'),
    )
  }
  return warnings
}

/** Whether it ends soon; for a short-lived certificate, in the last third of its life. */
function isEnding(start: number, end: number, now: number): boolean {
  return end - now < Math.min(noticeDays * day, (end - start) / 3)
}

function warning(message: string, hint: string): CertificateWarning {
  return { code: 'W8008_CERT', message, hint }
}

function fault(message: string, hint: string, cause?: unknown): ServeError {
  return new ServeError('E8008_CERT', message, { hint, cause })
}
