import type { ResolvedConfig } from '../../config/types.ts'
import type { Listening, Server8008 } from '../../server/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { openBrowser } from '../browser.ts'
import type { Keyboard } from '../keyboard.ts'
import { listenToKeys, renderKeys, type KeyAction, type Keys } from './keys.ts'
import type { Program } from '../process-io.ts'
import { renderQrCode } from './qr.ts'
import type { Reporter } from '../output/reporter.ts'

/** What the keys of a server act on. */
export interface ServerKeyOptions {
  readonly server: Server8008
  readonly listening: Listening
  readonly config: ResolvedConfig
  readonly program: Program
  readonly report: Reporter
  readonly keyboard: Keyboard
}

/** Listens to the keys of a server that runs. */
export function useServerKeys(options: ServerKeyOptions): Promise<Keys> {
  const { keyboard, program, report } = options
  return listenToKeys(keyboard, serverActions(options), program, report.print)
}

/** Whether the local authority issues the certificates. */
function isOfAuthority({ tls }: ResolvedConfig): boolean {
  return tls !== undefined && tls.certificates.length === 0
}

/** What each key does. */
export function serverActions({ server, listening, config, program, report, keyboard }: ServerKeyOptions): KeyAction[] {
  const { url, urls } = listening
  const say = (text: string): void => report.print(`  ${text}\n`)
  const trusting: KeyAction = {
    key: 't',
    text: 'let browsers trust the certificate',
    lends: true,
    run: () => keyboard.run(['trust']),
  }
  const actions: KeyAction[] = [
    {
      key: 'o',
      text: 'open in the browser',
      run() {
        const warn = (message: string): void => report.warning({ code: 'W8008_OPEN', message })
        return openBrowser(url, config.open ?? '/', program.env, warn)
      },
    },
    {
      key: 'd',
      text: 'open the dashboard',
      lends: true,
      run: () => keyboard.run(['dashboard', '--port', String(listening.port)]),
    },
    {
      key: 'q',
      text: 'show a QR code for a phone',
      async run() {
        const [address] = urls.network
        if (address === undefined) {
          const isShared = listening.addresses.includes('0.0.0.0') || listening.addresses.includes('::')
          if (isShared) return say('This machine has no address on a network.')
          return say(`Only this machine can open ${url} (start with --lan to share it).`)
        }
        const code = await renderQrCode(address, report.terminal)
        say(code === '' ? `${address} (the terminal is too narrow for a QR code)` : `${address}\n${code}`)
      },
    },
    {
      key: 'r',
      text: 'reload every open page',
      async run() {
        if (config.live === undefined) return say('Live reload is off.')
        const { pages } = await server.reload()
        // The log says how many were reloaded.
        if (pages === 0) say(`No page of ${url} is open.`)
      },
    },
    ...(isOfAuthority(config) ? [trusting] : []),
    {
      key: 'c',
      text: 'clear the screen',
      run() {
        const addresses = [...(urls.local.length === 0 ? [url] : urls.local), ...urls.network]
        report.print('\u001B[2J\u001B[3J\u001B[H')
        for (const address of addresses) say(printable(address))
        report.print('\n')
      },
    },
    { key: 'h', text: 'show these keys', run: () => report.print(renderKeys(actions)) },
  ]
  return actions
}
