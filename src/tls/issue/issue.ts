import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import * as x509 from '@peculiar/asn1-x509'
import { localSubtrees } from '../local-subtrees.ts'
import type { Pair } from '../types.ts'

/** The validity of a certificate. */
export interface Term {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** ecdsa-with-SHA256, without parameters (RFC 5758 section 3.2). */
const signatureAlgorithm = new x509.AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' })
const commonName = '2.5.4.3'
const organizationName = '2.5.4.10'

/**
 * Issues a certificate authority with a P-256 key. It can sign only for local names and private addresses, only for TLS
 * servers, and no other authorities: a stolen key cannot impersonate a public site.
 *
 * @param label Its common name, at most 64 characters.
 */
export function issueAuthority(label: string, term: Term): Pair {
  const subject = nameOf([organizationName, 'serve8008'], [commonName, label])
  return issueCertificate({
    subject,
    term,
    extensions: (keyId) => [
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(
        x509.id_ce_keyUsage,
        true,
        new x509.KeyUsage(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
      ),
      // Name constraints do not limit code signing and mail; this does.
      extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
      extension(x509.id_ce_nameConstraints, true, new x509.NameConstraints({ permittedSubtrees: localSubtrees() })),
      extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(keyId)),
    ],
  })
}

/**
 * Issues a server certificate for names and addresses. The subject has no common name: clients would read it as a host
 * that the name constraints do not permit.
 */
export function issueLeaf(names: readonly string[], authority: Pair, term: Term): Pair {
  const der = new X509Certificate(authority.cert).raw
  const { tbsCertificate } = AsnConvert.parse(der, x509.Certificate)
  const issuerKeyId = keyIdOf(tbsCertificate.subjectPublicKeyInfo)
  const altNames = names.map((name) => new x509.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }))
  return issueCertificate({
    subject: nameOf([organizationName, 'serve8008 local certificate']),
    term,
    issuer: { name: tbsCertificate.subject, key: authority.key },
    extensions: (keyId) => [
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: false })),
      extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature)),
      extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
      extension(x509.id_ce_subjectAltName, false, new x509.SubjectAlternativeName(altNames)),
      // Strict clients, such as Python since 3.13, require both identifiers (RFC 5280 section 4.2.1.1).
      extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(keyId)),
      extension(
        x509.id_ce_authorityKeyIdentifier,
        false,
        new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(issuerKeyId) }),
      ),
    ],
  })
}

interface IssueRequest {
  readonly subject: x509.Name
  readonly term: Term
  /** Absent: self-signed. */
  readonly issuer?: { readonly name: x509.Name; readonly key: string }
  readonly extensions: (keyId: ArrayBuffer) => x509.Extension[]
}

function issueCertificate({ subject, term, issuer, extensions }: IssueRequest): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), x509.SubjectPublicKeyInfo)
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(),
    signature: signatureAlgorithm,
    issuer: issuer?.name ?? subject,
    validity: new x509.Validity(term),
    subject,
    subjectPublicKeyInfo: spki,
    extensions: new x509.Extensions(extensions(keyIdOf(spki))),
  })
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key)
  const signatureValue = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer)
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: exactBuffer(signatureValue),
  })
  return {
    cert: new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

function nameOf(...attributes: readonly (readonly [type: string, text: string])[]): x509.Name {
  return new x509.Name(
    attributes.map(([type, utf8String]) => {
      const value = new x509.AttributeValue({ utf8String })
      return new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type, value })])
    }),
  )
}

function extension(extnID: string, critical: boolean, value: object): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

/** SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2, method 1). An identifier only, so SHA-1 is safe. */
function keyIdOf(spki: x509.SubjectPublicKeyInfo): ArrayBuffer {
  return exactBuffer(createHash('sha1').update(Buffer.from(spki.subjectPublicKey)).digest())
}

/** 127 random bits and never 0: positive, at most 20 octets (RFC 5280 section 4.1.2.2), in DER's shortest form. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return exactBuffer(bytes)
}

/** A copy with its own ArrayBuffer: Node's small buffers share one. */
function exactBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
