/** Puts a workload on a server that runs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as requestPlainly, type IncomingMessage } from 'node:http'
import { request as requestSecurely } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { parseH2load, parseWrk, type Load } from './load-output.ts'
import { forgetPeak, pinned, usageOf } from './processes.ts'
import type { Workload } from './workloads.ts'

/** A load and what the server's process tree used under it. */
export interface Measured extends Load {
  /** Microseconds of processor time for each request. */
  readonly cpu: number
  readonly peakMiB: number
}

/** Where a server answers. */
export interface Target {
  readonly pid: number
  /** Without a path. */
  readonly origin: string
}

/**
 * Asks once, as the load will.
 *
 * @returns the fields that the load must send.
 * @throws Error that tells why the server is not measured.
 */
export async function probe(workload: Workload, { origin }: Target): Promise<Readonly<Record<string, string>>> {
  const { tool, path, status = 200, expect, upload, revalidates = false } = workload
  if (tool === 'echo' || tool === 'events') return {}
  if (tool === 'h2load' && !(await speaksHttp2(origin))) throw new Error('no HTTP/2')
  const body = 'x'.repeat(upload ?? 0)
  const first = await ask(`${origin}${path}`, workload.headers ?? {}, body)
  const headers = { ...workload.headers, ...(revalidates ? validatorOf(first) : {}) }
  const answer = revalidates ? await ask(`${origin}${path}`, headers, body) : first
  if (answer.statusCode !== status) throw new Error(`answers ${answer.statusCode}`)
  if (expect !== undefined && answer.headers[expect[0]] !== expect[1]) throw new Error(`no ${expect.join(': ')}`)
  return headers
}

function validatorOf({ headers }: IncomingMessage): Record<string, string> {
  if (headers.etag !== undefined) return { 'If-None-Match': headers.etag }
  return headers['last-modified'] === undefined ? {} : { 'If-Modified-Since': headers['last-modified'] }
}

async function ask(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? requestSecurely : requestPlainly
  const method = body === '' ? 'GET' : 'POST'
  const request = send(url, { agent: false, rejectUnauthorized: false, method, headers })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'close')
  return response
}

async function speaksHttp2(origin: string): Promise<boolean> {
  const socket = connect({
    port: Number(new URL(origin).port),
    host: '127.0.0.1',
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  })
  await once(socket, 'secureConnect')
  socket.destroy()
  return socket.alpnProtocol === 'h2'
}

/** Runs the load for some seconds. */
export async function measure(
  workload: Workload,
  target: Target,
  headers: Readonly<Record<string, string>>,
  seconds: number,
  folder: string,
): Promise<Measured> {
  const { tool, path, connections, status = 200 } = workload
  const url = `${target.origin}${path}`
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  forgetPeak(target.pid)
  let before = usageOf(target.pid)
  let load: Load
  if (tool === 'wrk') {
    const flags = ['--latency', '-t1', `-c${connections}`, `-d${seconds}`, ...fields, ...uploadFlags(workload, folder)]
    load = parseWrk(await run(['wrk', ...flags, url]), status >= 400)
  } else if (tool === 'h2load') {
    const log = join(folder, 'h2load.log')
    rmSync(log, { force: true })
    const flags = [
      '-t1',
      `-c${connections}`,
      `-m${workload.streams ?? 10}`,
      `-D${seconds}`,
      `--log-file=${log}`,
      ...fields,
    ]
    load = parseH2load(await run(['h2load', ...flags, url]), readFileSync(log, 'latin1'))
  } else {
    const script = join(import.meta.dirname, 'stream-load.js')
    const command = [process.execPath, script, tool, url, String(connections), String(seconds)]
    const output = await run(command, () => (before = usageOf(target.pid)))
    load = JSON.parse(output.slice(output.indexOf('{'))) as Load
  }
  const { cpu, peakMiB } = usageOf(target.pid)
  if (load.count === 0) throw new Error(`finished nothing in ${seconds} s`)
  return { ...load, cpu: (cpu - before.cpu) / load.count, peakMiB }
}

function uploadFlags({ upload }: Workload, folder: string): string[] {
  if (upload === undefined) return []
  const script = join(folder, 'upload.lua')
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = string.rep("x", ${upload})\n`)
  return ['-s', script]
}

/** Runs a program on the core of the load; `onOutput` is called when it begins to print. */
async function run(command: readonly string[], onOutput: () => void = () => {}): Promise<string> {
  const [program = '', ...args] = pinned(1, command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.once('data', onOutput)
  child.stdout.on('data', (text: Buffer) => (output += text.toString('latin1')))
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString('latin1')))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${complaints.trim()}\n${command.join(' ')} ended with ${code}.`)
  return output
}
