import { isIP } from 'node:net'
import { generate } from 'selfsigned'
import type { Pair } from '../../src/tls/types.ts'

const dayMs = 86_400_000

/**
 * Makes a self-signed certificate for these names and addresses. The selfsigned package issues it, so that these tests
 * check how we read the certificates of others.
 */
export function makeCertificate(...names: readonly string[]): Promise<Pair> {
  return makeCertificateFor(names)
}

/**
 * The same, with dates of its own.
 *
 * @param days From when until when it is valid, in days from now. Default: a year from now on.
 */
export async function makeCertificateFor(
  names: readonly string[],
  days?: readonly [from: number, to: number],
): Promise<Pair> {
  const altNames = names.map((name) =>
    isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
  )
  const dates = days?.map((each) => new Date(Date.now() + each * dayMs))
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(dates === undefined ? {} : { notBeforeDate: dates[0], notAfterDate: dates[1] }),
    extensions: [
      // Clients are given it as the authority that they trust.
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  // selfsigned leaves out the last line break, without which a key cannot follow.
  return { cert: `${cert}\n`, key }
}
