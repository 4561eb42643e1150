import type { X509Certificate } from 'node:crypto'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { FoundStore } from './open-authority.ts'
import { shellWord } from '../../core/util/shell-quote.ts'

const words = { trusted: 'trusted', outdated: 'trusts an older one, or in part', absent: 'not trusted' } as const

/** The stores, a line each. */
export function storeLines(stores: readonly FoundStore[]): string {
  const width = Math.max(...stores.map(({ store }) => store.name.length))
  return stores
    .map(({ store, status, lacks }) => `  ${printable(store.name).padEnd(width)}   ${lacks ?? words[status]}\n`)
    .join('')
}

/** One line for programs: `{ "authority": { file, fingerprint, expires } or null, "stores": [{ name, status, lacks }] }`. */
export function trustJson(
  certificate: X509Certificate | undefined,
  file: string,
  stores: readonly FoundStore[],
): string {
  const authority =
    certificate === undefined
      ? null
      : { file, fingerprint: certificate.fingerprint256, expires: new Date(certificate.validTo).toISOString() }
  const rows = stores.map(({ store, status, lacks }) => ({ name: store.name, status, lacks: lacks ?? null }))
  return `${printableJson({ authority, stores: rows })}\n`
}

/** What programs need that look into no store. */
export function otherPrograms(file: string): string {
  const path = printable(shellWord(file))
  return [
    'Programs that look elsewhere:',
    `  Node      NODE_EXTRA_CA_CERTS=${path}`,
    `  curl      curl --cacert ${path}`,
    `  Python    SSL_CERT_FILE=${path}, for requests REQUESTS_CA_BUNDLE=… (either replaces the public authorities)`,
    '',
  ].join('\n')
}
