import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { transform } from 'esbuild'
import { optionsOfPreset, readPreset } from '../../src/config/presets.ts'
import { readCommand } from '../../src/cli/read-command.ts'
import { commandNames } from '../../src/cli/commands/registry.ts'
import { registered, run, start, type Command } from '../cli/command.ts'
import type { Block, Section } from '../support/markdown.ts'
import { reasonNotToRun } from './not-run.ts'
import type { Backends, Project } from './project.ts'

/** Commands whose exit code says something about this machine. */
const exitCodes: readonly (readonly [RegExp, number])[] = [[/^serve8008 trust --status/, 1]]

const serving = new RegExp(`^(?:[A-Z0-9_]+=\\S+ )*(?:npx )?serve8008(?! (?:${commandNames().join('|')})\\b)`)

/** A server that a line started. */
interface Served {
  readonly line: string
  readonly command: Command
  readonly url: string
  /** Port for HTTPS, where there is one. */
  readonly tlsPort: string
}

/** Runs the blocks of a section, from top to bottom, as a reader would. */
export async function runSection(
  t: TestContext,
  section: Section,
  project: Project,
  backends: Backends['ports'],
): Promise<void> {
  const { folder: cwd } = project
  const exported: string[] = []
  let served: Served | undefined
  /** Standard output of the commands of the last block, and the last line that serves. */
  let printed = ''
  let lastServing = ''

  async function runShell(text: string): Promise<void> {
    printed = ''
    const lines = text.split('\n').filter((line) => line !== '' && reasonNotToRun(line) === undefined)
    // A job in the background belongs to the lines around it.
    if (lines.some((line) => / &(?: |$)/.test(line))) return runToEnd(lines.join('\n'))
    for (const line of lines) {
      if (serving.test(line)) await serve(line)
      else if (line.startsWith('export ')) exported.push(line)
      else await runToEnd(line)
    }
  }

  async function runToEnd(line: string): Promise<void> {
    if (served !== undefined && /\bserve8008 (?:reload|status|stop)\b/.test(line)) await registered(project.env)
    const words = ['bash', '-c', [...exported, actual(line)].join('\n')] as const
    const tls = served === undefined ? {} : { DOCS_TLS_URL: `https://localhost:${served.tlsPort}/` }
    const ended = await run(t, [], { cwd, env: { ...project.env, ...tls }, words: [...words] })
    const wanted = exitCodes.find(([pattern]) => pattern.test(line))?.[1] ?? 0
    assert.equal(ended.exitCode, wanted, `${line}\n${ended.stdout}${ended.stderr}`)
    printed += ended.stdout.endsWith('\n') ? ended.stdout : `${ended.stdout}\n`
  }

  /** Serves as the line says, but on a free port, and asks for what it says. */
  async function serve(line: string, text = line): Promise<void> {
    await stop()
    lastServing = line
    // The ports of the line itself are checked without being taken.
    if (/--(?:tls-)?port|-p /.test(line)) await runToEnd(line.replace(/serve8008/, 'serve8008 check'))
    const command = start(t, [], { cwd, env: project.env, words: ['bash', '-c', execLine(onOwnListeners(line, line))] })
    const url = await urlOf(command)
    const isSecure =
      presetOf(text).listeners?.some(({ tls }) => tls) ??
      (/ --(?:tls|cert|pfx|redirect)\b/.test(line) && !line.includes('=only') && !/--redirect(?: |$)/.test(line))
    const [, tlsPort = ''] = isSecure ? await command.stdout(/https:\/\/\S+?:(\d+)\//) : []
    served = { line, command, url, tlsPort }
    if (url.startsWith('http')) await ask(line, url, expectedStatus(text))
  }

  /** Where the server is: its plain line, or its first line of JSON. */
  async function urlOf(command: Command): Promise<string> {
    const [, plain, json] = await command.stdout(/ at (\S+)|"url":"([^"]+)"/)
    return (plain ?? json ?? '').replace('//0.0.0.0:', '//127.0.0.1:')
  }

  /** What a command or a config file answers to a request without a password. */
  function expectedStatus(text: string): string {
    const { authFile, root, proxy } = presetOf(text)
    if (authFile !== undefined || /--auth|^ {2}auth(?:File)?:/m.test(text)) return '401'
    return root === false && proxy?.['/'] === undefined ? '404' : '200'
  }

  /** The server answers, and forwards what the line says. */
  async function ask(line: string, url: string, expected: string): Promise<void> {
    const status = await curl(['-o', '/dev/null', '-w', '%{http_code}', url])
    assert.equal(status, expected, line)
    for (const [, match = '', target = ''] of line.matchAll(/(?:-x|--proxy) ([^\s=]+)=\S*?(\d{4})\b/g)) {
      const isPath = match.startsWith('/')
      const address = isPath ? new URL(match, url).href : url
      const body = await curl([...(isPath ? [] : ['-H', `Host: ${match}`]), address])
      const isShared = line.split(` ${match}=`).length > 2
      assert.equal(body.replace(isShared ? /\d+$/ : '', ''), `backend ${isShared ? '' : target}`, line)
    }
  }

  async function curl(args: readonly string[]): Promise<string> {
    const ended = await run(t, [], { words: ['curl', '-sk', ...args] })
    assert.equal(ended.exitCode, 0, `curl ${args.join(' ')}\n${ended.stderr}`)
    return ended.stdout
  }

  async function stop(): Promise<void> {
    if (served === undefined) return
    const { command, line } = served
    served = undefined
    command.child.kill('SIGTERM')
    const { exitCode, stderr } = await command.ended
    assert.equal(exitCode, 0, `${line}\n${stderr}`)
  }

  /** The line as the program itself instead of a shell that waits for it, on a free port. */
  function execLine(line: string): string {
    return `exec env ${onFreePort(actual(line))}`
  }

  /** The line with the ports that programs have here, and a backend for a preset that has an upstream of its own. */
  function actual(text: string): string {
    const [, preset] = / --preset (\S+)/.exec(text) ?? []
    const isOpen = preset !== undefined && !text.includes('--upstream') && readPreset(preset).upstream !== undefined
    const line = isOpen ? `${text} --upstream http://localhost:3000` : text
    const known = [...backends.keys()].join('|')
    const withBackends = line.replaceAll(
      new RegExp(`([=:])(${known})(?=[/,\\s"']|$)`, 'g'),
      (_, before: string, port) => {
        return `${before}${backends.get(Number(port))}`
      },
    )
    if (served === undefined || !served.url.startsWith('http')) return withBackends
    const ours = withBackends.replaceAll(':8008', `:${new URL(served.url).port}`)
    return ours.replaceAll(':8443', `:${served.tlsPort}`)
  }

  async function runProgram(block: Block): Promise<void> {
    const name = /^\/\/ (\S+)\n/.exec(block.text)?.[1] ?? 'program.mjs'
    const { code } = block.language === 'ts' ? await transform(block.text, typescript) : { code: block.text }
    const program = code.replace(/(\.listen\((?:\{ port: )?)3000/, '$10')
    writeFileSync(join(cwd, name), program)
    if (name.startsWith('serve8008.config')) return checkConfig(name, code)
    if (name.startsWith('playwright')) return readCommands(/command: 'serve8008 ([^']*)'/.exec(code)?.[1]?.split(' '))
    if (code.includes('export default app')) return askApp(name)
    if (program !== code) return askProgram(name)
    await runToEnd(`${nodeWord} ${name}`)
  }

  /** The file as it is holds no mistake, and with the real ports it serves. */
  async function checkConfig(name: string, text: string): Promise<void> {
    writeFileSync(join(cwd, name), text)
    // The variable would replace the listeners of the file.
    const line = text.includes('listeners: [') ? 'env -u SERVE8008_PORT serve8008' : onOwnListeners('serve8008', text)
    await runToEnd(`${line} check`)
    writeFileSync(join(cwd, name), withFreeListeners(actual(text)))
    await serve(line, text)
    await stop()
    writeFileSync(join(cwd, name), text)
  }

  /** Frameworks whose app is a function from requests to responses. */
  async function askApp(name: string): Promise<void> {
    const asker = `import app from './${name}'
      for (const path of ['/', '/api']) {
        const { status } = await app.fetch(new Request('http://localhost' + path))
        if (status !== 200) throw new Error(path + ' is answered with ' + status)
      }`
    writeFileSync(join(cwd, 'asker.mjs'), asker)
    await runToEnd(`${nodeWord} asker.mjs`)
  }

  /** A program that keeps running: it reports its port, is asked, and is stopped. */
  async function askProgram(name: string): Promise<void> {
    const reporter = `import { Server } from 'node:net'
      const { listen } = Server.prototype
      Server.prototype.listen = function (...args) {
        this.once('listening', () => process.send(this.address().port))
        return listen.apply(this, args)
      }`
    writeFileSync(join(cwd, 'reporter.mjs'), reporter)
    const words = [process.execPath, '--import', './reporter.mjs', name] as const
    const { child, ended } = start(t, [], {
      cwd,
      env: project.env,
      words: [...words],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const early = ended.then((end) => Promise.reject(new Error(`${name} ended: ${end.stderr}`)))
    const [port] = (await Promise.race([once(child, 'message'), early])) as [number]
    for (const path of ['', 'api']) {
      const status = await curl(['-o', '/dev/null', '-w', '%{http_code}', `http://127.0.0.1:${port}/${path}`])
      assert.equal(status, '200', path)
    }
    early.catch(() => {})
    child.kill('SIGTERM')
    await ended
  }

  /** What is printed, in order; `…` stands for anything. */
  async function checkOutput(text: string): Promise<void> {
    const isBanner = /^ +(?:serve8008 \d|Local )/.test(text)
    const actualText = isBanner ? await bannerOf(lastServing, text) : printed
    if (actualText === undefined) return
    const lines = actualText.split('\n').map(comparable)
    let at = 0
    for (const line of text.split('\n').map(comparable)) {
      if (line === '…' || line === '') continue
      const pattern = new RegExp(`^${line.split('…').map(escape).join('.*')}$`)
      const found = lines.findIndex((candidate, index) => index >= at && pattern.test(candidate))
      assert.notEqual(found, -1, `not printed: ${line}\nprinted:\n${lines.join('\n')}`)
      at = found + 1
    }
  }

  /** What a terminal shows, after the requests that the block logs. */
  async function bannerOf(line: string, text: string): Promise<string | undefined> {
    if (!hasScript) return undefined
    await stop()
    const words = ['script', '-qefc', execLine(line), '/dev/null'] as const
    const { child, stdout, ended } = start(t, [], {
      cwd,
      env: project.env,
      words: [...words],
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const [, url = ''] = await stdout(/Local +(\S+)/)
    for (const [, path = ''] of text.matchAll(/^\d\d:\d\d:\d\d +\d{3} +GET (\S+)/gm)) {
      await curl(['-o', '/dev/null', new URL(path, url).href])
      await stdout(new RegExp(`GET ${path} .*ms`))
    }
    await stdout(/Keys[^\n]*\n/)
    child.stdin?.write('\u0003')
    return (await ended).stdout.replaceAll('\r', '')
  }

  for (const block of section.blocks) {
    if (reasonNotToRun(block.text) !== undefined) continue
    if (block.language === 'sh') await runShell(block.text)
    else if (block.language === 'text') await checkOutput(block.text)
    else if (block.language === 'js' || block.language === 'ts') await runProgram(block)
    else if (block.language === 'json') {
      rmSync(join(cwd, 'serve8008.config.mjs'), { force: true })
      await checkConfig('serve8008.config.json', block.text)
    } else if (block.language === 'dockerfile')
      await readCommands(JSON.parse(/^CMD (.*)$/m.exec(block.text)?.[1] ?? '[]').slice(1))
    else if (block.language === 'yaml') await readCommands(/command: serve8008 (.*)/.exec(block.text)?.[1]?.split(' '))
    else assert.fail(`nothing runs blocks of the language "${block.language}"`)
  }
  await stop()
}

const typescript = { loader: 'ts', target: 'node20' } as const
const nodeWord = `'${process.execPath}'`
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

async function readCommands(words: readonly string[] | undefined): Promise<void> {
  assert.ok(words !== undefined && words.length > 0, 'there is no command in it')
  assert.equal((await readCommand(words, () => true)).name, 'serve')
}

/** The line with each port of its own left to the system. */
function onFreePort(line: string): string {
  return line.replaceAll(/(--(?:tls-)?port|-p)([ =])[\d,]+/g, '$1$20')
}

/** What the preset sets that a line or a config file names. */
function presetOf(text: string): {
  readonly root?: unknown
  readonly authFile?: unknown
  readonly proxy?: Readonly<Record<string, unknown>>
  readonly listeners?: readonly { readonly tls?: boolean }[]
} {
  const [, name] = /--preset ([\w-]+)|preset: '([\w-]+)'/.exec(text)?.filter((part) => part !== undefined) ?? []
  return name === undefined ? {} : optionsOfPreset(readPreset(name), undefined)
}

/** The line with the listeners of the preset that a text names, each on a port that the system chooses. */
function onOwnListeners(line: string, text: string): string {
  const { listeners } = presetOf(text)
  if (listeners === undefined) return line
  const free = JSON.stringify(listeners.map((each) => ({ ...each, port: 0 })))
  return `env -u SERVE8008_PORT SERVE8008_LISTENERS='${free}' ${line}`
}

/** The config with each listener on a port that the system chooses, under its usual name. */
function withFreeListeners(text: string): string {
  return text.replaceAll(
    /\{ port: (\d+)(, tls: true)?/g,
    (_, port: string, tls = '') => `{ name: 'http${tls === '' ? '' : 's'}:${port}', port: 0${tls}`,
  )
}

/** Without what differs from run to run. */
function comparable(line: string): string {
  return line
    .replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/\d+(?:\.\d+)? m?s\b/g, 'N ms')
    .replaceAll(/\d+ B\b/g, 'N B')
    .replaceAll(/localhost:\d+/g, 'localhost:PORT')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
