import type { Keyboard } from '../keyboard.ts'
import type { Program } from '../process-io.ts'

/** What a key does. */
export interface KeyAction {
  readonly key: string
  /** As the help shows it. */
  readonly text: string
  /** Whether another program takes over the terminal meanwhile. */
  readonly lends?: boolean
  run(): void | Promise<void>
}

/** The keys of a server that runs. */
export interface Keys {
  /** Whether another command has the terminal: ^C is meant for that one. */
  isLent(): boolean
  /** Waits until that command has ended, for so many milliseconds at most. Resolves to whether it has. */
  returned(mostMs: number): Promise<boolean>
}

/**
 * Listens to the keys of the terminal. What the terminal does itself otherwise is done here, since single keys come in
 * raw mode only: ^C, ^Z and ^\ are sent to the whole job as signals, and Enter makes an empty line, which people use to
 * part what they see. While the job is stopped or in the background the terminal is as it was before. At the end of
 * the process Node restores it, also after a crash, and without SIGTTOU for a job in the background.
 */
export async function listenToKeys(
  keyboard: Keyboard,
  actions: readonly KeyAction[],
  program: Pick<Program, 'on'>,
  print: (text: string) => void,
): Promise<Keys> {
  let isLent = false
  let lending: Promise<void> = Promise.resolve()
  let isStopped = false
  let isRaw = false

  function setRaw(on: boolean): void {
    if (isRaw !== on) keyboard.raw(on)
    isRaw = on
  }

  async function take(): Promise<void> {
    isStopped = false
    if (!isLent && (await keyboard.isForeground())) setRaw(true)
  }

  async function act({ lends = false, run }: KeyAction): Promise<void> {
    if (!lends) return run()
    isLent = true
    setRaw(false)
    lending = Promise.resolve(run())
    await lending
    isLent = false
    await take()
  }

  function typed(text: string): void {
    if (isLent) return
    for (const key of text) {
      if (key === '\u0003') {
        // The terminal would have shown it.
        print('^C')
        keyboard.signal('SIGINT')
      } else if (key === '\u001A') keyboard.signal('SIGTSTP')
      else if (key === '\u001C') {
        setRaw(false)
        keyboard.signal('SIGQUIT')
      } else if (key === '\r' || key === '\n') print('\n')
      else {
        const action = actions.find((each) => each.key === key.toLowerCase())
        if (action !== undefined) void act(action)
      }
      // What was typed behind it is for the other command.
      if (isLent) return
    }
  }

  program.on('SIGTSTP', () => {
    if (isStopped) return
    isStopped = true
    setRaw(false)
    keyboard.stop()
  })
  program.on('SIGCONT', () => void take())
  keyboard.onTyped(typed)
  await take()
  return {
    isLent: () => isLent,
    async returned(mostMs) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(resolve, mostMs, false)
      })
      const isOver = await Promise.race([lending.then(() => true), late])
      clearTimeout(timer)
      return isOver
    },
  }
}

/** The keys, one a line. */
export function renderKeys(actions: readonly KeyAction[]): string {
  const rows = [...actions.map(({ key, text }) => [key, text]), ['^C', 'stop the server']]
  return `\n${rows.map(([key = '', text = '']) => `  ${key.padEnd(2)}  ${text}\n`).join('')}\n`
}
