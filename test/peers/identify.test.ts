import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmodSync } from 'node:fs'
import { describe, test } from 'node:test'
import { identify } from '../../src/scan/scan.ts'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { Program } from './program.ts'
import { page, peers } from './programs.ts'

describe('recognises programs that run', () => {
  for (const [name, { product, version, skip, files, command }] of Object.entries(peers)) {
    test(name, { skip }, async () => {
      const port = await freePort()
      using folder = await new TempFolder().write(page)
      await folder.write(files?.(folder, port) ?? {})
      // Servers that drop the rights of root read and write here.
      chmodSync(folder.path, 0o777)
      await using _program = await Program.start(command(folder, port), port, folder.path)
      // A program that has just started is slower than it will ever be.
      const identity = await identify({ address: '127.0.0.1', port }, { deadlineMs: 20_000 })
      assert.equal(identity.product, product, identity.evidence.join('\n'))
      if (version !== undefined) assert.match(identity.version ?? '', version)
    })
  }
})

test('recognises h3 of Nitro', async () => {
  const { H3, toNodeHandler } = (await import('h3')) as unknown as {
    H3: new () => object
    toNodeHandler(app: object): never
  }
  const server = createServer(toNodeHandler(new H3())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const identity = await identify({ address: '127.0.0.1', port: (server.address() as AddressInfo).port })
  server.close()
  assert.equal(identity.product, 'h3 (Nitro)', identity.evidence.join('\n'))
})
