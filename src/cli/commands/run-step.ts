import { spawn } from 'node:child_process'
import type { Step } from '../../tls/trust/types.ts'
import { shellWord } from '../../core/util/shell-quote.ts'

/** As whom we run. */
export interface Rights {
  /** Our user id; undefined on Windows. */
  readonly uid: number | undefined
  /** The user whom `sudo` made root. */
  readonly sudoUser: string | undefined
  /** Whether somebody can be asked for a password. */
  readonly isInteractive: boolean
}

/** The words of a command, run as whom it is for. Root takes the rights of the user who called it, who owns the files. */
export function wordsOf({ argv, as }: Pick<Step, 'argv' | 'as'>, { uid, sudoUser, isInteractive }: Rights): string[] {
  if (as === 'user') return sudoUser === undefined ? [...argv] : ['sudo', '-H', '-u', sudoUser, '--', ...argv]
  if (uid === 0 || uid === undefined) return [...argv]
  return ['sudo', ...(isInteractive ? [] : ['-n']), '--', ...argv]
}

/** The same as a person would type it. */
export function stepText(step: Step, rights: Rights): string {
  return wordsOf(step, { ...rights, isInteractive: true })
    .map(shellWord)
    .join(' ')
}

/** Runs a command and resolves to what went wrong, in words, or to undefined. */
export function runStep(step: Step, rights: Rights): Promise<string | undefined> {
  const [program = '', ...words] = wordsOf(step, rights)
  return new Promise((resolve) => {
    // sudo asks for the password on the terminal itself.
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ENOENT' ? `${program} is not installed` : error.message)
    })
    child.on('close', (code) => {
      const last = text.trim().split('\n').at(-1) ?? ''
      resolve(code === 0 || step.mayFail === true ? undefined : last === '' ? `${program} ended with ${code}` : last)
    })
  })
}
