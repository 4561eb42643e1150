import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { makeDatabase, trustAuthority } from './nss.ts'
import { TempFolder } from './server.ts'

/** Where Firefox is; the variable names another one. */
const candidates = [
  process.env['SERVE8008_TEST_FIREFOX'],
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  String.raw`C:\Program Files\Mozilla Firefox\firefox.exe`,
]
const executablePath = candidates.find((path): path is string => path !== undefined && existsSync(path))

/** Why tests in Firefox are skipped, or false. */
export const skip: string | false =
  executablePath === undefined
    ? 'no Firefox found: apt-get install firefox-esr, or name one in SERVE8008_TEST_FIREFOX'
    : false

/** Nothing but the pages of a test may use the network. */
const quiet: Readonly<Record<string, boolean | number | string>> = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.safebrowsing.blockedURIs.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'messaging-system.rsexperimentloader.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'security.remote_settings.crlite_filters.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.enabled': false,
}

/** How Firefox is started. */
export interface FirefoxOptions {
  /** Home folder of its user. Default: a temporary folder. */
  readonly home?: string
  /** Preferences by name, as `about:config` lists them. */
  readonly prefs?: Readonly<Record<string, boolean | number | string>>
  /** Certificate of an authority (PEM) that it trusts. Needs certutil. */
  readonly authority?: string
}

/** An event of WebDriver BiDi, or the reply to a command. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: string
  readonly message?: string
}

/** What a command of WebDriver BiDi, or the script of a page, answered instead of a result. */
class FirefoxError extends Error {}

/** Firefox with a separate profile, driven by WebDriver BiDi. Disposing ends it by its process id. */
export class Firefox implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #socket: WebSocket
  readonly #temporary: TempFolder
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly #listeners = new Set<(method: string, params: unknown) => void>()
  #lastId = 0

  private constructor(child: ChildProcess, socket: WebSocket, temporary: TempFolder) {
    this.#child = child
    this.#socket = socket
    this.#temporary = temporary
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Message
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
      else for (const listener of this.#listeners) listener(message.method ?? '', message.params)
    })
    socket.on('close', () => {
      for (const answer of this.#waiting.values()) answer({ error: 'closed', message: 'Firefox has ended' })
    })
  }

  /** Starts it without a window. */
  static async launch({ home, prefs = {}, authority }: FirefoxOptions = {}): Promise<Firefox> {
    const temporary = new TempFolder()
    const owner = home ?? temporary.path
    const profile = profileBelow(owner)
    mkdirSync(profile, { recursive: true })
    const lines = Object.entries({ ...quiet, ...prefs }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    )
    writeFileSync(join(profile, 'user.js'), lines.join(''))
    if (authority !== undefined) trustAuthority(profile, authority)
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank']
    const env = { ...process.env, HOME: owner, MOZ_CRASHREPORTER_DISABLE: '1' }
    const child = spawn(executablePath ?? '', args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    try {
      const socket = new WebSocket(`${await endpoint(child)}/session`, { perMessageDeflate: false })
      await once(socket, 'open')
      const firefox = new Firefox(child, socket, temporary)
      await firefox.send('session.new', { capabilities: {} })
      return firefox
    } catch (error) {
      await end(child)
      temporary[Symbol.dispose]()
      throw error
    }
  }

  /** Sends a command (https://www.w3.org/TR/webdriver-bidi/). @throws FirefoxError with the answer of Firefox. */
  async send<Result>(method: string, params: object = {}): Promise<Result> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new FirefoxError('Firefox has ended')
    const id = ++this.#lastId
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve))
    this.#socket.send(JSON.stringify({ id, method, params }))
    const { error, message, result } = await answer
    this.#waiting.delete(id)
    if (error !== undefined) throw new FirefoxError(`${method}: ${error}: ${message}`)
    return result as Result
  }

  /** Calls a listener at each event of a name, such as `log.entryAdded`. Returns a function that stops it. */
  async on<Params>(method: string, listener: (params: Params) => void): Promise<() => void> {
    const listen = (name: string, params: unknown): void => {
      if (name === method) listener(params as Params)
    }
    this.#listeners.add(listen)
    await this.send('session.subscribe', { events: [method] })
    return () => this.#listeners.delete(listen)
  }

  /** Opens a tab. */
  async newPage(): Promise<FirefoxPage> {
    const { context } = await this.send<{ context: string }>('browsingContext.create', { type: 'tab' })
    return new FirefoxPage(this, context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
    await end(this.#child)
    this.#temporary[Symbol.dispose]()
  }
}

/** A tab of Firefox. */
export class FirefoxPage {
  readonly #firefox: Firefox
  readonly context: string

  constructor(firefox: Firefox, context: string) {
    this.#firefox = firefox
    this.context = context
  }

  /** Loads an address and waits for its load event. @throws FirefoxError with the reason when there is no page. */
  async goto(url: string): Promise<void> {
    await this.#firefox.send('browsingContext.navigate', { context: this.context, url, wait: 'complete' })
  }

  /** Loads the page again. */
  async reload(): Promise<void> {
    await this.#firefox.send('browsingContext.reload', { context: this.context, wait: 'complete' })
  }

  /** The value of an expression in the page, once it has settled, as JSON carries it. @throws FirefoxError */
  async evaluate<Value>(expression: string): Promise<Value> {
    interface Evaluated {
      readonly type: string
      readonly result?: { readonly value?: string }
      readonly exceptionDetails?: { readonly text: string }
    }
    const { type, result, exceptionDetails } = await this.#firefox.send<Evaluated>('script.evaluate', {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.context },
      awaitPromise: true,
    })
    if (type !== 'success') throw new FirefoxError(exceptionDetails?.text ?? type)
    return (result?.value === undefined ? undefined : JSON.parse(result.value)) as Value
  }

  /** Waits until an expression holds, also across reloads of the page. */
  async until(expression: string): Promise<void> {
    const end = performance.now() + 120_000
    // The document may be unloaded during the call.
    while ((await this.evaluate<boolean>(expression).catch(() => false)) !== true) {
      if (performance.now() > end) throw new Error(`Never true within 120 s: ${expression}`)
      await this.evaluate('new Promise((resolve) => setTimeout(resolve, 20))').catch(() => {})
    }
  }

  /** Closes the tab. */
  async close(): Promise<void> {
    await this.#firefox.send('browsingContext.close', { context: this.context })
  }
}

/** The profile that Firefox uses below a home folder, where `serve8008 trust` finds it. */
function profileBelow(home: string): string {
  return join(home, '.mozilla', 'firefox', 'test.default')
}

/** Makes the profile below a home folder with an empty database of certificates, as a first start leaves it. */
export function makeProfile(home: string): void {
  makeDatabase(profileBelow(home))
}

/** The address that Firefox announces when it can be driven. */
async function endpoint(child: ChildProcess): Promise<string> {
  let output = ''
  if (child.stderr === null) throw new Error('Firefox has no standard error')
  for await (const line of createInterface(child.stderr)) {
    const [, url] = /^WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? []
    if (url !== undefined) {
      // Its further output must not fill the pipe.
      child.stderr.resume()
      return url
    }
    output += `${line}\n`
  }
  throw new Error(`Firefox ended: ${output}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
