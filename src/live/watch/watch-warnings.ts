import { relative, sep } from 'node:path'
import type { Warning } from '../../core/warning.ts'

/** A warning for a folder that the system will not watch. */
export function watchFailedWarning(error: NodeJS.ErrnoException, path: string, pollMs: number): Warning {
  const instead = `so files are looked at every ${pollMs} ms.`
  const code = 'W8008_WATCH'
  switch (error.code) {
    case 'ENOSPC':
      return {
        code,
        message: `The system's limit of watched folders is reached, ${instead}`,
        hint: 'sudo sysctl fs.inotify.max_user_watches=524288',
      }
    case 'EMFILE':
      return {
        code,
        message: `The limit of open files or of watching programs is reached, ${instead}`,
        hint: 'ulimit -n 8192, or on Linux: sudo sysctl fs.inotify.max_user_instances=1024',
      }
    case 'ENFILE':
      return {
        code,
        message: `The whole system has too many files open, ${instead}`,
        hint: 'sudo sysctl fs.file-max=2097152',
      }
    case 'ENOSYS':
      return {
        code,
        message: `This system cannot watch folders, ${instead}`,
        hint: 'Reload by hand where that is too slow.',
      }
    default:
      return {
        code,
        message: `${path} cannot be watched (${error.code ?? error.message}), ${instead}`,
        hint: 'Check the access rights of the folder.',
      }
  }
}

/** A warning for a folder on a file system that reports no changes. */
export function noEventsWarning(fileSystem: string, path: string, pollMs: number): Warning {
  return {
    code: 'W8008_WATCH_POLL',
    message: `${path} is on a file system that reports no changes (${fileSystem}), so files are looked at every ${pollMs} ms.`,
    hint: fileSystem.startsWith('9p')
      ? 'Keep the files in the home folder of the Linux system.'
      : 'Keep the files on a disk of this machine, or run serve8008 where they are.',
  }
}

/** A path as a person would type it: relative below the working directory. */
export function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path)
  return below.startsWith('..') || below === path ? path : `.${below === '' ? '' : sep}${below}`
}
