import { isIP } from 'node:net'
import { generate } from 'selfsigned'
import type { Pair } from '../../src/tls/types.ts'

/**
 * Makes a self-signed certificate for these names and addresses. The selfsigned package issues it, so that these tests
 * check how we read the certificates of others.
 */
export async function makeCertificate(...names: readonly string[]): Promise<Pair> {
  const altNames = names.map((name) =>
    isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
  )
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      // Clients are given it as the authority that they trust.
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  // selfsigned leaves out the last line break, without which a key cannot follow.
  return { cert: `${cert}\n`, key }
}
