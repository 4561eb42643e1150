/** Servers from npm, as their README starts them. Their versions are fixed, so that figures of two days compare. */
import { join } from 'node:path'
import type { Peer, Place, Task } from './peers.ts'

/** A command of a package, run by this Node. */
function bin(installed: string, path: string, ...flags: readonly string[]): string[] {
  return [process.execPath, join(installed, 'node_modules', path), ...flags]
}

/** A library that forwards; `proxy-libraries.js` has what its README shows. */
function library(name: string, packages: readonly string[]): Peer {
  const script = join(import.meta.dirname, 'proxy-libraries.js')
  return {
    name,
    packages,
    command: (task, { backend, port }, installed) =>
      task === 'proxy' ? [process.execPath, script, name, installed, String(backend), String(port)] : undefined,
  }
}

function whereKnown(flags: Partial<Record<Task, readonly string[]>>, task: Task): readonly string[] | undefined {
  return task === 'files' ? [] : flags[task]
}

function fileServer(
  name: string,
  version: string,
  path: string,
  usual: (place: Place) => readonly string[],
  further: (place: Place) => Partial<Record<Task, readonly string[]>>,
): Peer {
  return {
    name,
    packages: [`${name}@${version}`],
    command(task, place, installed) {
      const flags = whereKnown(further(place), task)
      return flags && bin(installed, `${name}/${path}`, ...usual(place), ...flags)
    },
  }
}

const httpProxy = 'http-proxy@1.18.1'

export const nodePeers: readonly Peer[] = [
  {
    name: 'bare node:http',
    packages: [],
    command: (task, { port }) =>
      task === 'files' ? [process.execPath, join(import.meta.dirname, 'bare-server.js'), String(port)] : undefined,
  },
  fileServer(
    'serve',
    '14.2.7',
    'build/main.js',
    ({ site, port }) => [site, '--no-request-logging', '--no-clipboard', '--listen', `tcp://127.0.0.1:${port}`],
    ({ cert, key }) => ({ spa: ['--single'], tls: ['--ssl-cert', cert, '--ssl-key', key] }),
  ),
  fileServer(
    'sirv-cli',
    '3.0.1',
    'bin.js',
    ({ site, port }) => [site, '--quiet', '--host', '127.0.0.1', '--port', String(port)],
    ({ cert, key }) => ({
      spa: ['--single'],
      brotli: ['--brotli'],
      tls: ['--http2', '--cert', cert, '--key', key],
    }),
  ),
  fileServer(
    'http-server',
    '14.1.1',
    'bin/http-server',
    ({ site, port }) => [site, '--silent', '-a', '127.0.0.1', '-p', String(port)],
    ({ cert, key }) => ({ brotli: ['--brotli'], tls: ['--tls', '--cert', cert, '--key', key] }),
  ),
  {
    name: 'vite preview',
    packages: ['vite@8.3.8'],
    command(task, { site, port }, installed) {
      const place = ['--outDir', site, '--host', '127.0.0.1', '--port', String(port), '--strictPort']
      return task === 'files' || task === 'spa' ? bin(installed, 'vite/bin/vite.js', 'preview', ...place) : undefined
    },
  },
  library('http-proxy', [httpProxy]),
  library('http-proxy, keep-alive', [httpProxy]),
  library('httpxy', ['httpxy@0.5.6']),
  // The last with support for Node 20.
  library('http-proxy-3', ['http-proxy-3@1.23.3']),
  library('http-proxy-middleware', ['http-proxy-middleware@3.0.11', 'express@5.3.0']),
  library('@fastify/http-proxy', ['@fastify/http-proxy@11.6.3', 'fastify@5.12.8']),
]
