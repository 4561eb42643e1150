import { join } from 'node:path'
import type { Host, Subject, TrustStore } from './types.ts'

/** The login keychain: Safari, Chrome, Firefox, curl and others of this user. macOS asks for the password itself. */
export function macosStore(host: Host, { file, fingerprint = '', label }: Subject): TrustStore {
  const keychain = join(host.home, 'Library/Keychains/login.keychain-db')
  const find = async (...words: readonly string[]): Promise<string[]> => {
    const { stdout } = await host.run(['/usr/bin/security', 'find-certificate', '-a', ...words, '-Z', keychain])
    return [...stdout.matchAll(/^SHA-1 hash: ([0-9A-F]+)/gm)].map(([, hash = '']) => hash)
  }
  let held: readonly string[] = fingerprint === '' ? [] : [fingerprint]
  return {
    name: 'macOS keychain',
    isOfBrowsers: true,
    find: () => Promise.resolve({ present: true }),
    async status() {
      const isHeld = fingerprint !== '' && (await find()).includes(fingerprint)
      const named = await find('-c', label)
      held = [...new Set([...(isHeld ? [fingerprint] : []), ...named])]
      return isHeld ? 'trusted' : named.length > 0 ? 'outdated' : 'untrusted'
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
      ...held.map((hash) => ({
        argv: ['/usr/bin/security', 'delete-certificate', '-Z', hash, keychain],
        as: 'user' as const,
      })),
    ],
  }
}
