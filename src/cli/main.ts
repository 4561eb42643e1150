import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isServeError, type ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import { guessOutputOptions, readCommand, type Command } from './args/command.ts'
import { flags } from './args/flags.ts'
import { currentProgram, packageVersion, type Program } from './process-io.ts'
import { isReaderGone } from './output/printer.ts'
import { createReporter, type Reporter } from './output/reporter.ts'
import { serve } from './serve/serve.ts'
import { terminalOf, type Terminal } from './output/terminal.ts'
import { suggestFix } from './args/suggest-fix.ts'

/**
 * Runs the command. Exit codes: 0 clean, 1 runtime, 2 usage or configuration, 3 port or permission; 128 and the number
 * of a signal that was sent twice.
 */
export async function main(program: Program = currentProgram()): Promise<void> {
  let folder: string | undefined
  const hints = { suggestFix: (problem: ServeError | Warning) => suggestFix(problem, program, folder) }
  let report = createReporter(program, { ...guessOutputOptions(program.argv), ...hints })
  program.on('uncaughtException', (thrown) => program.exit(report.error(thrown)))
  // Every regular end calls `leave`. If the event loop runs empty before that, the command waits for something that never comes.
  program.on(
    'beforeExit',
    () => void report.leave(report.error(new Error('nothing is left to wait for, but the command has not finished'))),
  )
  // A failure of standard error cannot be reported anywhere.
  program.stderr.on('error', () => {})
  try {
    const command = await readCommand(program.argv, (word) => isFolder(resolve(program.cwd, word)))
    folder = typeof command.flags.root === 'string' ? command.flags.root : undefined
    report = createReporter(program, { ...command, ...hints, isServing: command.name === 'serve' })
    if (command.name === 'serve') return await serve(command, program, report)
    endWithReader(program)
    await report.leave(await runCommand(command, program, report))
  } catch (thrown) {
    const error =
      isServeError(thrown) && thrown.code.startsWith('E8008_ROOT_NOT_')
        ? (await import('./args/folder-hints.ts')).withFolderHint(thrown, program, folder)
        : thrown
    await report.leave(report.error(error))
  }
}

/** Runs a command that prints and ends. Its module is loaded here, so that serving does not load it. */
async function runCommand(command: Command, program: Program, report: Reporter): Promise<number> {
  switch (command.name) {
    case 'version':
      report.print((await import('./version.ts')).renderVersion(command))
      return 0
    case 'completion':
      report.print((await import('./commands/completion.ts')).renderCompletion(command.shell, flags))
      return 0
    case 'reload':
      return (await import('./commands/reload.ts')).reload(command, program, report)
    case 'status':
      return (await import('./commands/status.ts')).status(command, program, report)
    case 'stop':
      return (await import('./commands/stop.ts')).stop(command, program, report)
    case 'explain':
      return (await import('./commands/explain.ts')).explain(command, program, report)
    case 'trust':
      return (await import('./commands/trust.ts')).trust(command, program, report)
    case 'untrust':
      return (await import('./commands/trust.ts')).untrust(command, program, report)
    case 'cert':
      return (await import('./commands/cert.ts')).cert(command, program, report)
    case 'check':
      return (await import('./commands/check.ts')).check(command, program, report)
    default:
      report.print(await helpPage(command, terminalOf(program.stdout, program.env)))
      return 0
  }
}

async function helpPage({ words: [about = 'help'] }: Command, terminal: Terminal): Promise<string> {
  const { renderHelp } = await import('./output/command-help.ts')
  return renderHelp(about, packageVersion(), terminal)
}

/** `serve8008 --help | head`: a reader that closes the pipe is not an error. Any other failure is reported at the end. */
function endWithReader({ stdout, exit }: Program): void {
  stdout.on('error', (error) => void (isReaderGone(error, stdout) && exit(0)))
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
