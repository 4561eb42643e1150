import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { SecureContext } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { stateText } from '../../core/util/stat-state.ts'
import type { Clock } from '../clock.ts'
import { canonicalName, coversHost, isNarrow } from '../names.ts'
import { checkOrdinary, certificateFiles, loadUserCertificate, type LoadedCertificate } from './user-certificate.ts'
import type { CertificateOptions, Certificates, CertificateWarning } from '../types.ts'

/**
 * Milliseconds between two polls of the files. Polling, because certbot and Kubernetes change the target of a link, for
 * which the folder of the path has no event.
 */
const pollMs = 250
/** Milliseconds until a fault of new files is reported: certificate and key are not replaced at the same time. */
const graceMs = 1000

/**
 * The certificates of the user, chosen by name, and reloaded when their files change. When new files cannot be used, the
 * old certificate stays in use and a warning is reported.
 *
 * @throws ServeError `E8008_CERT`
 */
export function userCertificates(options: CertificateOptions, clock: Clock): Certificates {
  const { own, onWarning, onChange } = options
  // Before the files are read, so that a change meanwhile is noticed.
  const marks = own.map((each) => markOf(certificateFiles(each)))
  const loaded = own.map((each) => loadUserCertificate(each, clock.now()))
  for (const { warnings } of loaded) for (const warning of warnings) onWarning(warning)
  const endings = own.map((each, index) => follow(index, certificateFiles(each)))

  function follow(index: number, files: readonly string[]): () => void {
    let fault: CertificateWarning | undefined
    let changedAt = 0
    const poll = (): void => {
      cancel = clock.after(pollMs, poll)
      const mark = markOf(files)
      if (mark !== marks[index]) {
        marks[index] = mark
        changedAt = clock.now()
        fault = reload(index)
      } else if (fault !== undefined && clock.now() - changedAt >= graceMs) {
        onWarning(fault)
        fault = undefined
      }
    }
    let cancel = clock.after(pollMs, poll)
    return () => cancel()
  }

  function reload(index: number): CertificateWarning | undefined {
    const before = loaded[index] as LoadedCertificate
    try {
      checkOrdinary(certificateFiles(own[index] ?? {}))
      const after = loadUserCertificate(own[index] ?? {}, clock.now())
      if (isDeepStrictEqual(before.options, after.options)) return undefined
      loaded[index] = after
      for (const warning of after.warnings) onWarning(warning)
      // For clients that name a host the context is chosen at each handshake.
      if (index === 0) onChange()
      options.onReplaced?.(certificateFiles(own[index] ?? {}))
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
      // SNI holds no addresses, so a client gets the first certificate there (RFC 6066 section 3).
      const asked = name === undefined || isIP(name) !== 0 ? loaded.slice(0, 1) : loaded
      return (
        name !== undefined &&
        asked.some(({ names }) => names.length === 0 || names.some((each) => coversHost(each, name)))
      )
    },
    isNamed(host) {
      const name = canonicalName(host)
      if (name === undefined || isIP(name) !== 0) return false
      return loaded.some(({ names }) => names.some((each) => isNarrow(each) && coversHost(each, name)))
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

/** The certificate with the exact name, else with a wildcard for it, else the first. */
function contextOf(loaded: readonly LoadedCertificate[], servername: string): SecureContext {
  const host = canonicalName(servername)
  const found =
    host === undefined
      ? undefined
      : (loaded.find(({ names }) => names.includes(host)) ??
        loaded.find(({ names }) => names.some((name) => coversHost(name, host))))
  return (found ?? (loaded[0] as LoadedCertificate)).context
}

/** A text that changes when the files or the links to them change. */
function markOf(files: readonly string[]): string {
  const marks = files.map((file) => {
    try {
      const stats = statSync(file, { bigint: true })
      // A shell's `<(command)` was read at the start, which changed its times.
      return stats.isFIFO() ? `pipe ${stats.dev} ${stats.ino}` : stateText(stats)
    } catch {
      // Another program is replacing it.
      return ''
    }
  })
  return marks.join('\n')
}
