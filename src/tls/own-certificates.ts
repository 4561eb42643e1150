import { unwatchFile, watchFile } from 'node:fs'
import type { SecureContext } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { isServeError } from '../errors/serve-error.ts'
import { canonicalName, covers } from './names.ts'
import { filesOf, loadOwnCertificate, type LoadedCertificate } from './own-certificate.ts'
import type { CertificateOptions, Certificates, Clock } from './types.ts'

/**
 * Milliseconds between looks at the files. They are few, and links that are turned to another file, as certbot and
 * Kubernetes do, are no events of the folder that a path names.
 */
const lookMs = 250
/** Milliseconds until what is wrong with new files counts: certificate and key are not replaced at once. */
const patienceMs = 1000

/**
 * The certificates of the user's own, by name, and anew when their files change. New files that cannot be used change
 * nothing and are told of.
 *
 * @throws ServeError `E8008_CERT`
 */
export function ownCertificates(options: CertificateOptions, clock: Clock): Certificates {
  const { own, onWarning, onChange } = options
  const loaded = own.map((each) => loadOwnCertificate(each, clock.now()))
  for (const { warnings } of loaded) for (const warning of warnings) onWarning(warning)
  const endings = own.map((each, index) => follow(index, filesOf(each)))

  function follow(index: number, files: readonly string[]): () => void {
    let cancel = (): void => {}
    const look = (isLast: boolean): void => {
      cancel()
      const fault = reload(index)
      if (fault === undefined) return
      if (isLast) onWarning(fault)
      else cancel = clock.after(patienceMs, () => look(true))
    }
    const changed = (): void => look(false)
    for (const file of files) watchFile(file, { interval: lookMs, persistent: false }, changed)
    return () => {
      cancel()
      for (const file of files) unwatchFile(file, changed)
    }
  }

  function reload(index: number): { code: string; message: string; hint?: string } | undefined {
    const before = loaded[index] as LoadedCertificate
    try {
      const after = loadOwnCertificate(own[index] ?? {}, clock.now())
      if (isDeepStrictEqual(before.options, after.options)) return undefined
      loaded[index] = after
      for (const warning of after.warnings) onWarning(warning)
      // Clients that name a host ask for its context each time.
      if (index === 0) onChange()
      return undefined
    } catch (error) {
      const { message, hint } = error as Error & { hint?: string }
      if (!isServeError(error)) throw error
      return {
        code: 'W8008_CERT',
        message: `${message} The certificate from before is kept.`,
        ...(hint === undefined ? {} : { hint }),
      }
    }
  }

  return {
    current: () => (loaded[0] as LoadedCertificate).options,
    contextFor: (servername) => Promise.resolve(contextOf(loaded, servername)),
    close() {
      for (const end of endings) end()
    },
  }
}

/** An exact name before a star, the first certificate where none is for the host. */
function contextOf(loaded: readonly LoadedCertificate[], servername: string): SecureContext {
  const host = canonicalName(servername)
  const found =
    host === undefined
      ? undefined
      : (loaded.find(({ names }) => names.includes(host)) ??
        loaded.find(({ names }) => names.some((name) => covers(name, host))))
  return (found ?? (loaded[0] as LoadedCertificate)).context
}
