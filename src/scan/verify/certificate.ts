import { checkServerIdentity, type ConnectionOptions, type DetailedPeerCertificate } from 'node:tls'
import { failed, notApplicable, notTested, passed } from './checks.ts'
import type { TestedServer } from './endpoint.ts'
import type { VerifyCheck } from './types.ts'
import { finishHandshake } from './wires.ts'

/** Days before the end of a certificate that count as too late to notice it. */
const renewDays = 7

const dayMs = 86_400_000

const oldVersions: ConnectionOptions = { maxVersion: 'TLSv1.1' }

/** What TLS shows: its versions, and the dates and names of the certificate. */
export async function checkTls(endpoint: TestedServer, isTls: boolean): Promise<VerifyCheck[]> {
  const codes = ['S8008_TLS_VERSION', 'S8008_TLS_EXPIRY', 'S8008_TLS_NAMES'] as const
  if (!isTls) return codes.map((code) => notApplicable(code, 'it does not speak TLS here'))
  const [current, old] = await Promise.all([finishHandshake(endpoint, {}), finishHandshake(endpoint, oldVersions)])
  if (current === undefined) return codes.map((code) => notTested(code, 'it did not finish a handshake in time'))
  const certificate = current.getPeerCertificate(true)
  const version = current.getProtocol() ?? ''
  const oldVersion = old?.getProtocol()
  current.destroy()
  old?.destroy()
  const versions =
    oldVersion === undefined || oldVersion === null
      ? passed('S8008_TLS_VERSION', `speaks ${version}, and nothing before TLSv1.2`, [
          'a handshake with TLSv1.1 at most',
        ])
      : failed('S8008_TLS_VERSION', `it speaks ${oldVersion}, which is broken`, ['a handshake with TLSv1.1 at most'])
  if (certificate.subject === undefined) {
    return [versions, ...codes.slice(1).map((code) => notApplicable(code, 'it shows no certificate'))]
  }
  return [versions, checkDates(certificate), checkNames(endpoint, certificate)]
}

function checkDates(certificate: DetailedPeerCertificate): VerifyCheck {
  const sent = ['a TLS handshake']
  const now = Date.now()
  const [from, to] = [new Date(certificate.valid_from), new Date(certificate.valid_to)]
  const day = (date: Date): string => date.toISOString().slice(0, 10)
  if (now < from.getTime()) return failed('S8008_TLS_EXPIRY', `its certificate is valid from ${day(from)} on`, sent)
  if (now > to.getTime()) return failed('S8008_TLS_EXPIRY', `its certificate expired on ${day(to)}`, sent)
  const days = Math.floor((to.getTime() - now) / dayMs)
  if (days < renewDays) return failed('S8008_TLS_EXPIRY', `its certificate expires on ${day(to)}`, sent)
  return passed('S8008_TLS_EXPIRY', `its certificate is valid until ${day(to)}`, sent)
}

function checkNames({ hostname }: TestedServer, certificate: DetailedPeerCertificate): VerifyCheck {
  const sent = ['a TLS handshake']
  const error = checkServerIdentity(hostname, certificate)
  const issuer = [certificate.issuer.CN ?? certificate.issuer.O ?? 'an unnamed authority'].flat().join(', ')
  const isSelfSigned = certificate.issuerCertificate?.fingerprint256 === certificate.fingerprint256
  const kind = isSelfSigned ? 'self-signed: browsers warn' : `issued by ${issuer}`
  if (error === undefined) return passed('S8008_TLS_NAMES', `its certificate is for ${hostname}, ${kind}`, sent)
  return failed('S8008_TLS_NAMES', `its certificate is not for ${hostname} (${kind})`, sent)
}
