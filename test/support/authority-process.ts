/** Prints the certificate that a server in this process would use: `authority-process.ts FOLDER [HOST…]`. */
import { createCertificates } from '../../src/tls/tls.ts'

const [folder = '', ...hosts] = process.argv.slice(2)
const certificates = await createCertificates({
  own: [],
  hosts,
  folder,
  onWarning: ({ code, message }) => {
    if (code !== 'W8008_UNTRUSTED') throw new Error(message)
  },
  onChange() {},
})
process.stdout.write(String(certificates.current().cert))
certificates.close()
