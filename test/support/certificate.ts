import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { TempFolder } from './server.ts'

/** A certificate that signs itself, with its key, both PEM. Needs the `openssl` command. More names are written `DNS:a.test`. */
export async function makeCertificate(
  name = 'localhost',
  more: readonly string[] = [],
): Promise<{ cert: string; key: string }> {
  using folder = new TempFolder()
  const [cert, key] = [folder.join('cert.pem'), folder.join('key.pem')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${[`DNS:${name}`, ...more].join(',')}`]
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  await promisify(execFile)('openssl', ['req', '-x509', '-days', '2', ...pair, ...subject])
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
}
