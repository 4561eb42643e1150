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
  test(`${name} resolves to both loopback addresses without the hosts file`, async () => {
    assert.deepEqual(
      (await resolved(name)).map(({ address }) => address),
      ['127.0.0.1', '::1'],
    )
  })
}

// getaddrinfo reads a number as an address, so these names resolve without DNS.
for (const name of ['0', '0x0.0', '2852039166', '0251.254.169.254', 'metadata.google.internal', 'instance-data']) {
  test(`does not connect to ${name}`, async () => {
    await assert.rejects(resolved(name), /./)
  })
}
