import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Whether a program is installed. Tests of missing programs are skipped with a message. */
function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** The `skip` option of node:test: why a test cannot run here, or false if it can. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => !isInstalled(program))
  return absent.length === 0 ? false : `${absent.join(' and ')} is not installed (apt-get install)`
}

/** The same for modules of the system's Python, `/usr/bin/python3`. */
export function missingModules(...modules: readonly string[]): string | false {
  const { status } = spawnSync('/usr/bin/python3', ['-c', `import ${modules.join(', ')}`])
  return status === 0 ? false : `${modules.join(', ')}: not all are modules of /usr/bin/python3 (apt-get install)`
}

/** A program that runs until the end of the test. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    const keep = (chunk: Buffer): void => void (this.#output += chunk.toString())
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
  }

  /** Starts a program and waits until its port answers. */
  static async start(command: readonly string[], port: number, cwd?: string): Promise<Program> {
    const [file = '', ...args] = command
    const program = new Program(spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd }))
    while (!(await isOpen(port))) {
      if (program.#child.exitCode !== null) throw new Error(`${file} ended: ${program.#output}`)
      // No program reports that it is ready, so its port is tried until it accepts.
      await delay(50)
    }
    return program
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
