import { join } from 'node:path'
import { test } from 'node:test'
import { noNamespace, runInNamespace } from './namespace.ts'

const scenarios = {
  services: 'bonjour-service finds a server, under a free name, until it closes',
  dial: 'peer-dial finds a device, until the server closes',
  listeners: 'what is advertised follows the listeners',
  interrupt: '^C withdraws what the command advertises',
  searches: 'searches from elsewhere, malformed ones and floods get no or few answers by SSDP',
  queries: 'malformed queries and floods get no or few answers by mDNS',
}

for (const [scenario, name] of Object.entries(scenarios)) {
  test(name, { skip: noNamespace }, () => runInNamespace(join(import.meta.dirname, 'advertise-scenarios.ts'), scenario))
}
