import type { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import * as x509 from '@peculiar/asn1-x509'
import { localSubtrees } from '../local-subtrees.ts'

/**
 * How a certificate differs from those of {@link issueAuthority}, as the end of a sentence, or undefined. A user or an
 * attacker may have put another authority in its place, which can impersonate every site: the user must not be asked to
 * trust it.
 */
export function faultOfAuthority(certificate: X509Certificate): string | undefined {
  if (!certificate.checkIssued(certificate) || !certificate.verify(certificate.publicKey)) {
    return 'another authority signed it'
  }
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, x509.Certificate)
  const extensions = tbsCertificate.extensions ?? []
  const read = <Value>(id: string, type: new () => Value): Value | undefined => {
    const found = extensions.find(({ extnID }) => extnID === id)
    return found === undefined ? undefined : AsnConvert.parse(found.extnValue, type)
  }
  const isCritical = (id: string): boolean => extensions.some(({ extnID, critical }) => extnID === id && critical)

  const names = read(x509.id_ce_nameConstraints, x509.NameConstraints)
  if (names === undefined || !isCritical(x509.id_ce_nameConstraints)) return 'it can vouch for every site there is'
  if (!isLocal(names)) return 'it can vouch for more than local names and private addresses'
  if (read(x509.id_ce_basicConstraints, x509.BasicConstraints)?.pathLenConstraint !== 0) {
    return 'it can make further authorities'
  }
  const purposes = [...(read(x509.id_ce_extKeyUsage, x509.ExtendedKeyUsage) ?? [])]
  if (purposes.length !== 1 || purposes[0] !== x509.id_kp_serverAuth) return 'it can vouch for more than TLS servers'
  const usage = read(x509.id_ce_keyUsage, x509.KeyUsage)?.toNumber() ?? 0
  const signs = x509.KeyUsageFlags.keyCertSign
  if ((usage & signs) === 0 || (usage & ~(signs | x509.KeyUsageFlags.cRLSign)) !== 0) {
    return 'its key is for more than certificates'
  }
  return undefined
}

/** Whether it permits no more than ours. A kind of name that is not listed is unconstrained, so both must be listed. */
function isLocal({ permittedSubtrees }: x509.NameConstraints): boolean {
  const ours = new Set([...localSubtrees()].map(({ base }) => written(base)))
  const bases = [...(permittedSubtrees ?? [])].map(({ base }) => base)
  return (
    bases.some(({ dNSName }) => dNSName !== undefined) &&
    bases.some(({ iPAddress }) => iPAddress !== undefined) &&
    bases.every((base) => ours.has(written(base)))
  )
}

function written(name: x509.GeneralName): string {
  return Buffer.from(AsnConvert.serialize(name)).toString('hex')
}
