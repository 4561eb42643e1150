import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** The certificates of a PEM text, in order. Throws what the parser throws for one that is damaged. */
export function certificatesIn(text: string): X509Certificate[] {
  return blocksIn(text, /^(?:X509 |TRUSTED )?CERTIFICATE$/).map((pem) => new X509Certificate(pem))
}

/** The private key of a PEM text, or undefined where there is none. Throws for one that is damaged or locked. */
export function privateKeyIn(text: string, passphrase?: string): KeyObject | undefined {
  const [pem] = blocksIn(text, /PRIVATE KEY$/)
  if (pem === undefined) return undefined
  return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
}

/** The text of the private key as it stands, or undefined. */
export function privateKeyText(text: string): string | undefined {
  const [pem] = blocksIn(text, /PRIVATE KEY$/)
  return pem === undefined ? undefined : `${pem}\n`
}

function blocksIn(text: string, label: RegExp): string[] {
  return [...text.matchAll(block)].flatMap(([pem, name = '']) => (label.test(name) ? [pem] : []))
}
