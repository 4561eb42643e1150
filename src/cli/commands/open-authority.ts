import { openLocalAuthority } from '../../server/authority-of-user.ts'
import type { ManagedAuthority } from '../../tls/authority/managed-authority.ts'
import type { Step, TrustStatus, TrustStore } from '../../tls/trust/types.ts'
import { canPrompt } from './prompt.ts'
import { authorityOwner } from '../authority-owner.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'

/** The authority of the user who typed the command, and what may be done for that user. */
export interface OpenedAuthority {
  readonly authority: ManagedAuthority
  readonly rights: Rights
}

/** A store that is on this machine. */
export interface FoundStore {
  readonly store: TrustStore
  readonly status: TrustStatus
  /** What is missing to read or change it, as a sentence. */
  readonly lacks: string | undefined
}

/** Opens the authority of the user who typed the command. */
export function openUserAuthority(program: Program, report: Reporter): OpenedAuthority {
  const { env } = program
  const uid = process.getuid?.()
  const { user, home, folder, isSudo } = authorityOwner(env, uid)
  const rights = { uid, sudoUser: isSudo ? user : undefined, isInteractive: canPrompt(program) }
  const authority = openLocalAuthority({
    folder,
    home,
    user,
    platform: process.platform,
    javaHome: env['JAVA_HOME'],
    systemRoot: env['SystemRoot'],
    asUser: (argv) => commandWords({ argv, as: 'user' }, rights),
    onWarning: (warning) => report.warning(warning),
  })
  return { authority, rights }
}

/** The stores of this machine, and whether each trusts the authority. */
export async function findStores(authority: ManagedAuthority): Promise<FoundStore[]> {
  const stores = await authority.stores()
  const found = await Promise.all(
    stores.map(async (store) => {
      const { present, lacks } = await store.find()
      if (!present) return []
      return [{ store, status: lacks === undefined ? await store.status() : ('untrusted' as const), lacks }]
    }),
  )
  return found.flat()
}

/** The rights of this process. */
export interface Rights {
  /** Our user id; undefined on Windows. */
  readonly uid: number | undefined
  /** The user whom `sudo` made root. */
  readonly sudoUser: string | undefined
  /** Whether sudo can ask for a password. */
  readonly isInteractive: boolean
}

/** The words of a command, run as the user it is for. Under sudo that is the user who called it, who owns the files. */
export function commandWords(
  { argv, as }: Pick<Step, 'argv' | 'as'>,
  { uid, sudoUser, isInteractive }: Rights,
): string[] {
  if (as === 'user') return sudoUser === undefined ? [...argv] : ['sudo', '-H', '-u', sudoUser, '--', ...argv]
  if (uid === 0 || uid === undefined) return [...argv]
  return ['sudo', ...(isInteractive ? [] : ['-n']), '--', ...argv]
}
