import type { Host, Subject, TrustStore } from './types.ts'

/**
 * The root store of a Windows user: Edge, Chrome, Firefox and others. Windows asks for consent itself.
 *
 * @param program Path of certutil of Windows; NSS has another program of this name.
 */
export function windowsStore(host: Host, { file, fingerprint = '', label }: Subject, program: string): TrustStore {
  const holds = async (id: string): Promise<boolean> =>
    (await host.run([program, '-user', '-store', 'Root', id])).code === 0
  // By its common name when the certificate is lost.
  let named = fingerprint
  return {
    name: host.platform === 'win32' ? 'Windows' : 'Windows, from WSL',
    isOfBrowsers: true,
    find: () => Promise.resolve({ present: true }),
    async status() {
      if (fingerprint !== '' && (await holds(fingerprint))) return 'trusted'
      if (!(await holds(label))) return 'untrusted'
      named = label
      return 'outdated'
    },
    install: () => [{ argv: [program, '-user', '-addstore', 'Root', file], as: 'user' }],
    remove: () => [{ argv: [program, '-user', '-delstore', 'Root', named], as: 'user' }],
  }
}
