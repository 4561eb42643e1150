import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** The certificates of a PEM text, in order. Throws the parser's error for a damaged one. */
export function certificatesIn(text: string): X509Certificate[] {
  return blocksIn(text, /^(?:X509 |TRUSTED )?CERTIFICATE$/).map((pem) => new X509Certificate(pem))
}

/** The private key of a PEM text, or undefined when there is none. Throws for a damaged or encrypted one. */
export function privateKeyIn(text: string, passphrase?: string): KeyObject | undefined {
  const [pem] = blocksIn(text, /PRIVATE KEY$/)
  if (pem === undefined) return undefined
  return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
}

/** The PEM block of the private key, unchanged, or undefined. */
export function privateKeyText(text: string): string | undefined {
  const [pem] = blocksIn(text, /PRIVATE KEY$/)
  return pem === undefined ? undefined : `${pem}\n`
}

function blocksIn(text: string, label: RegExp): string[] {
  return [...text.matchAll(block)].flatMap(([pem, name = '']) => (label.test(name) ? [pem] : []))
}
