import { relative, sep } from 'node:path'
import type { Warning } from '../../core/warning.ts'

/** Why the system cannot watch a folder, by its error code. */
const causes: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  ENOSPC: {
    message: "The system's limit of watched folders is reached",
    hint: 'sudo sysctl fs.inotify.max_user_watches=524288',
  },
  EMFILE: {
    message: 'The limit of open files or of inotify instances is reached',
    hint: 'ulimit -n 8192, or on Linux: sudo sysctl fs.inotify.max_user_instances=1024',
  },
  ENFILE: {
    message: "The system's limit of open files is reached",
    hint: 'sudo sysctl fs.file-max=2097152',
  },
  ENOSYS: {
    message: 'This system cannot watch folders',
    hint: 'Reload the page by hand if that is too slow.',
  },
}

/** A warning about a folder that the system cannot watch. */
export function watchFailedWarning(error: NodeJS.ErrnoException, path: string, pollMs: number): Warning {
  const { message, hint } = causes[error.code ?? ''] ?? {
    message: `${path} cannot be watched (${error.code ?? error.message})`,
    hint: 'Check the access rights of the folder.',
  }
  return { code: 'W8008_WATCH', message: `${message}, so files are checked every ${pollMs} ms.`, hint }
}

/** A warning about a folder on a file system without events. */
export function noEventsWarning(fileSystem: string, path: string, pollMs: number): Warning {
  return {
    code: 'W8008_WATCH_POLL',
    message: `${path} is on a file system that reports no changes (${fileSystem}), so files are checked every ${pollMs} ms.`,
    hint: fileSystem.startsWith('9p')
      ? 'Keep the files in the Linux file system of WSL, such as your home folder there.'
      : 'Keep the files on a disk of this machine, or run serve8008 on the machine that has them.',
  }
}

/** A path for a message: relative if it is below the working directory. */
export function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path)
  return below.startsWith('..') || below === path ? path : `.${below === '' ? '' : sep}${below}`
}
