import type { Host, Subject, TrustStore } from './types.ts'

/**
 * The roots of this Windows user: Edge, Chrome, Firefox and others. Windows asks for consent itself.
 *
 * @param program Path of Windows' certutil, which NSS has another of.
 */
export function windowsStore(host: Host, { file, fingerprint = '' }: Subject, program: string): TrustStore {
  return {
    name: host.platform === 'win32' ? 'Windows' : 'Windows, from WSL',
    find: () => Promise.resolve({ present: true }),
    async status() {
      if (fingerprint === '') return 'absent'
      const { code } = await host.run([program, '-user', '-store', 'Root', fingerprint])
      return code === 0 ? 'trusted' : 'absent'
    },
    install: () => [{ argv: [program, '-user', '-addstore', 'Root', file], as: 'user' }],
    remove: () => [{ argv: [program, '-user', '-delstore', 'Root', fingerprint], as: 'user' }],
  }
}
