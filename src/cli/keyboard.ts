import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The keyboard of the terminal in which the command runs. */
export interface Keyboard {
  /** Gives each key as it is pressed, without Enter and without showing it, or the terminal back as it was. */
  raw(on: boolean): void
  /** Listens to what is typed, while {@link raw} is on. */
  onTyped(listener: (text: string) => void): void
  /** Whether the terminal is ours: a job in the background would be stopped for touching it. */
  isForeground(): Promise<boolean>
  /** Sends a signal to every process of this job, as the terminal does for ^C and ^Z. */
  signal(name: 'SIGINT' | 'SIGTSTP' | 'SIGQUIT'): void
  /** Stops this process until it is continued. */
  stop(): void
  /** Runs another command of serve8008 in this terminal, to its end. */
  run(words: readonly string[]): Promise<void>
}

/** Milliseconds within which both processes have seen the ^C of one key. */
const echoMs = 200

/** The keyboard of the running process; standard input must be a terminal. */
export function processKeyboard(): Keyboard {
  const { stdin } = process
  // A job in the background would be stopped for reading, so a listener alone must not start that.
  stdin.setEncoding('utf8').pause()
  // A terminal that is gone ends the server by SIGHUP.
  stdin.on('error', () => {})
  return {
    raw(on) {
      stdin.setRawMode(on)
      if (on) stdin.resume().unref()
      else stdin.pause()
    },
    onTyped: (listener) => void stdin.on('data', listener),
    isForeground,
    signal(name) {
      // Windows has no jobs; there the console has told the others itself.
      if (process.platform === 'win32') process.emit(name as 'SIGINT', 'SIGINT')
      else process.kill(0, name)
    },
    stop: () => void process.kill(process.pid, 'SIGSTOP'),
    run: (words) =>
      new Promise((resolve) => {
        const [, script = ''] = process.argv
        const child = spawn(process.execPath, [...process.execArgv, script, ...words], { stdio: 'inherit' })
        // It would keep asking in a terminal that belongs to the shell again.
        const end = (): void => void child.kill()
        const ended = (): void => {
          process.off('exit', end)
          resolve()
        }
        process.once('exit', end)
        child.on('error', ended)
        // ^C is sent to both processes, and we may see its end before our own signal: that one still belongs to it.
        child.on('exit', (_code, signal) => void (signal === 'SIGINT' ? setTimeout(ended, echoMs) : ended()))
      }),
  }
}

/** Whether our process group is the one in front of the terminal. */
async function isForeground(): Promise<boolean> {
  if (process.platform === 'win32') return true
  if (process.platform === 'linux') {
    // proc_pid_stat(5): pid (comm) state ppid pgrp session tty_nr tpgid
    const [, , group, , , front] = (readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1) ?? '').split(' ')
    return group === front
  }
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=', '-p', String(process.pid)], (error, text) => {
      resolve(error === null && text.includes('+'))
    })
  })
}
