import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isServeError, type ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import { guessOutputOptions } from './args/command.ts'
import { commandNames, loadCommand, loadCommands } from './commands/registry.ts'
import { currentProgram, type Program } from './process-io.ts'
import { isReaderGone } from './output/printer.ts'
import { readCommand } from './read-command.ts'
import { createReporter } from './output/reporter.ts'
import { serve, type LateErrors } from './serve/serve.ts'
import { suggestFix } from './args/suggest-fix.ts'

/**
 * Runs the command. Exit codes: 0 clean, 1 runtime, 2 usage or configuration, 3 port or permission; 128 and the number
 * of a signal that was sent twice.
 */
export async function main(program: Program = currentProgram()): Promise<void> {
  let folder: string | undefined
  const hints = { suggestFix: (problem: ServeError | Warning) => suggestFix(problem, program, folder) }
  let report = createReporter(program, { ...guessOutputOptions(program.argv), ...hints })
  let survives: LateErrors = () => false
  program.on('uncaughtException', (thrown) => void (survives(thrown) || program.exit(report.error(thrown))))
  // Every regular end calls `leave`. If the event loop runs empty before that, the command waits for something that never comes.
  let unfinished: () => Error = unfinishedFault
  program.on('beforeExit', () => void report.leave(report.error(unfinished())))
  // A failure of standard error cannot be reported anywhere.
  program.stderr.on('error', () => {})
  try {
    const command = await readCommand(program.argv, (word) => isFolder(resolve(program.cwd, word)))
    folder = typeof command.flags.root === 'string' ? command.flags.root : undefined
    report = createReporter(program, { ...command, ...hints, isServing: command.name === 'serve' })
    if (command.name === 'serve') {
      survives = await serve(command, program, report)
      return
    }
    endWithReader(program)
    const definition = await loadCommand(command.name)
    unfinished = () => definition.unfinished?.(command) ?? unfinishedFault()
    await report.leave(await definition.handler(command, program, report, loadCommands))
  } catch (thrown) {
    const error =
      isServeError(thrown) && thrown.code.startsWith('E8008_ROOT_NOT_')
        ? (await import('./args/folder-hints.ts')).withFolderHint(
            thrown,
            { argv: program.argv, cwd: program.cwd, commandNames: commandNames() },
            folder,
          )
        : thrown
    await report.leave(report.error(error))
  }
}

function unfinishedFault(): Error {
  return new Error('nothing is left to wait for, but the command has not finished')
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
