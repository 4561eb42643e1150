import { join } from 'node:path'
import type { Host, Subject, TrustStore } from './types.ts'

/** The login keychain: Safari, Chrome, Firefox, curl and others of this user. macOS asks for the password itself. */
export function macosStore(host: Host, { file, fingerprint = '' }: Subject): TrustStore {
  const keychain = join(host.home, 'Library/Keychains/login.keychain-db')
  return {
    name: 'macOS keychain',
    find: () => Promise.resolve({ present: true }),
    async status() {
      const { stdout } = await host.run(['/usr/bin/security', 'find-certificate', '-a', '-Z', keychain])
      return fingerprint !== '' && stdout.includes(`SHA-1 hash: ${fingerprint}`) ? 'trusted' : 'absent'
    },
    install: () => [
      {
        argv: [
          '/usr/bin/security',
          'add-trusted-cert',
          '-r',
          'trustRoot',
          '-p',
          'ssl',
          '-p',
          'basic',
          '-k',
          keychain,
          file,
        ],
        as: 'user',
      },
    ],
    remove: () => [
      { argv: ['/usr/bin/security', 'remove-trusted-cert', file], as: 'user', mayFail: true },
      { argv: ['/usr/bin/security', 'delete-certificate', '-Z', fingerprint, keychain], as: 'user' },
    ],
  }
}
