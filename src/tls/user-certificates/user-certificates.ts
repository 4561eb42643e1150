import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { SecureContext } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { canonicalName, covers, isNarrow } from '../names.ts'
import { checkOrdinary, filesOf, loadOwnCertificate, type LoadedCertificate } from './user-certificate.ts'
import type { CertificateOptions, Certificates, CertificateWarning, Clock } from '../types.ts'

/**
 * Milliseconds between looks at the files. They are few, and links that are turned to another file, as certbot and
 * Kubernetes do, are no events of the folder that a path names.
 */
const lookMs = 250
/** Milliseconds until what is wrong with new files counts: certificate and key are not replaced at once. */
const patienceMs = 1000

/**
 * The certificates of the user's own, by name, and again when their files change. New files that cannot be used change
 * nothing and are told of.
 *
 * @throws ServeError `E8008_CERT`
 */
export function ownCertificates(options: CertificateOptions, clock: Clock): Certificates {
  const { own, onWarning, onChange } = options
  // Taken before the files are read: what changes meanwhile has changed.
  const marks = own.map((each) => markOf(filesOf(each)))
  const loaded = own.map((each) => loadOwnCertificate(each, clock.now()))
  for (const { warnings } of loaded) for (const warning of warnings) onWarning(warning)
  const endings = own.map((each, index) => follow(index, filesOf(each)))

  function follow(index: number, files: readonly string[]): () => void {
    let fault: CertificateWarning | undefined
    let changedAt = 0
    const look = (): void => {
      cancel = clock.after(lookMs, look)
      const mark = markOf(files)
      if (mark !== marks[index]) {
        marks[index] = mark
        changedAt = clock.now()
        fault = reload(index)
      } else if (fault !== undefined && clock.now() - changedAt >= patienceMs) {
        onWarning(fault)
        fault = undefined
      }
    }
    let cancel = clock.after(lookMs, look)
    return () => cancel()
  }

  function reload(index: number): CertificateWarning | undefined {
    const before = loaded[index] as LoadedCertificate
    try {
      checkOrdinary(filesOf(own[index] ?? {}))
      const after = loadOwnCertificate(own[index] ?? {}, clock.now())
      if (isDeepStrictEqual(before.options, after.options)) return undefined
      loaded[index] = after
      for (const warning of after.warnings) onWarning(warning)
      // Clients that name a host ask for its context each time.
      if (index === 0) onChange()
      options.onReplaced?.(filesOf(own[index] ?? {}))
      return undefined
    } catch (error) {
      const { message, hint } = error as Error & { hint?: string }
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
    covers(host) {
      const name = canonicalName(host)
      // A client names no address, so it gets the first certificate there (RFC 6066 section 3).
      const asked = name === undefined || isIP(name) !== 0 ? loaded.slice(0, 1) : loaded
      return (
        name !== undefined && asked.some(({ names }) => names.length === 0 || names.some((each) => covers(each, name)))
      )
    },
    isNamed(host) {
      const name = canonicalName(host)
      if (name === undefined || isIP(name) !== 0) return false
      return loaded.some(({ names }) => names.some((each) => isNarrow(each) && covers(each, name)))
    },
    get firstName() {
      return loaded.flatMap(({ names }) => names).find((name) => isIP(name) === 0 && !name.startsWith('*.'))
    },
    follow() {},
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

/** Changes with the files, and with the links that lead to them. */
function markOf(files: readonly string[]): string {
  const marks = files.map((file) => {
    try {
      const stats = statSync(file, { bigint: true })
      const { dev, ino, size, mtimeNs, ctimeNs } = stats
      // What a shell puts in place of a command was read at the start, and changes by that.
      if (stats.isFIFO()) return `pipe ${dev} ${ino}`
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
    } catch {
      // It is about to be replaced.
      return ''
    }
  })
  return marks.join('\n')
}
