import { posix, win32 } from 'node:path'
import type { Host, Step, Subject, TrustStore } from './types.ts'

/** The trust store of Java: the first path since version 9, the second before. */
const places = ['lib/security/cacerts', 'jre/lib/security/cacerts']
/** The default password of every Java. */
const password = ['-storepass', 'changeit']

/** The trust store of the Java in JAVA_HOME. */
export function javaStore(host: Host, { file, cert, alias }: Subject): TrustStore {
  const { join } = host.platform === 'win32' ? win32 : posix
  const home = host.javaHome ?? ''
  const cacerts = places.map((place) => join(home, place)).find((path) => host.has(path))
  const keytool = join(home, 'bin', host.platform === 'win32' ? 'keytool.exe' : 'keytool')
  const store = ['-keystore', cacerts ?? '', ...password]
  const step = (argv: readonly string[], mayFail = false): Step => ({
    argv: [keytool, ...argv],
    as: host.platform === 'win32' || host.canWrite(cacerts ?? '') ? 'user' : 'root',
    mayFail,
  })
  const drop = (mayFail: boolean): Step => step(['-delete', '-alias', alias, ...store], mayFail)
  return {
    name: 'Java (JAVA_HOME)',
    isOfBrowsers: false,
    find: () => Promise.resolve({ present: home !== '' && cacerts !== undefined && host.has(keytool) }),
    async status() {
      const { code, stdout } = await host.run([keytool, '-exportcert', '-rfc', '-alias', alias, ...store])
      if (code !== 0) return 'untrusted'
      return cert !== undefined && bare(stdout).includes(bare(cert)) ? 'trusted' : 'outdated'
    },
    install: () => [drop(true), step(['-importcert', '-noprompt', '-alias', alias, '-file', file, ...store])],
    remove: () => [drop(false)],
  }
}

/** Without line breaks, which Java puts elsewhere. */
function bare(pem: string): string {
  return pem.replace(/\s/g, '')
}
