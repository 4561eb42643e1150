import * as x509 from '@peculiar/asn1-x509'
import { permittedDomains, permittedRanges } from './names.ts'

/** The name constraints of the local authority (RFC 5280 section 4.2.1.10). */
export function localSubtrees(): x509.GeneralSubtrees {
  const domains = permittedDomains.map((dNSName) => new x509.GeneralName({ dNSName }))
  const ranges = permittedRanges.map((iPAddress) => new x509.GeneralName({ iPAddress }))
  return new x509.GeneralSubtrees([...domains, ...ranges].map((base) => new x509.GeneralSubtree({ base })))
}
