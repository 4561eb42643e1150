import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { test } from 'node:test'
import { lookupAllowed } from '../../../../src/proxy/upstream/destination.ts'

function resolved(name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookupAllowed(name, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses as LookupAddress[])
      else reject(error)
    })
  })
}

for (const name of ['localhost', 'LOCALHOST.', 'app.localhost']) {
  test(`${name} is both loopback addresses, whatever a hosts file says`, async () => {
    assert.deepEqual(
      (await resolved(name)).map(({ address }) => address),
      ['127.0.0.1', '::1'],
    )
  })
}

// getaddrinfo reads a number as an address, so these are names that lead to an address without any server of names.
for (const name of ['0', '0x0.0', '2852039166', '0251.254.169.254', 'metadata.google.internal', 'instance-data']) {
  test(`${name} is not connected to`, async () => {
    await assert.rejects(resolved(name), /./)
  })
}
