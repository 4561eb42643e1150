// starts first: other programs start and issue
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { openSigner } from '../../src/tls/authority/authority.ts'
import { systemClock } from '../../src/tls/clock.ts'
import { manageAuthority } from '../../src/tls/authority/managed-authority.ts'
import { issueLeaf } from '../../src/tls/issue/issue.ts'
import { isPermitted } from '../../src/tls/names.ts'
import type { Pair } from '../../src/tls/types.ts'
import type { TrustStore } from '../../src/tls/trust/types.ts'
import { launchChromium, skip as noBrowser } from '../browser/support/chromium.ts'
import { startSecureServer, type SecureServer } from '../support/authority.ts'
import { Firefox, makeProfile, skip as noFirefox, type FirefoxOptions } from '../support/firefox.ts'
import { TempFolder } from '../support/server.ts'
import { missing } from './program.ts'

const execute = promisify(execFile)
const day = 86_400_000

/** Runs a program and resolves to its output; rejects with its error output. */
async function output(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute(program, args, { env: { PATH: process.env['PATH'], ...env }, timeout: 60_000 })
  return stdout
}

/** Certificates that an attacker with the stolen key of the authority could issue. */
async function forge(folder: string, names: readonly string[]): Promise<Pair> {
  const signer = await openSigner({ folder, clock: systemClock, onWarning() {} })
  const now = Date.now()
  return issueLeaf(names, signer, { notBefore: new Date(now - day), notAfter: new Date(now + day) })
}

async function storesOf(server: SecureServer, home: string, javaHome?: string): Promise<TrustStore[]> {
  const options = { platform: 'linux', home, javaHome, systemRoot: undefined, user: 'ann' }
  return manageAuthority({ ...options, folder: server.folder, asUser: (argv) => argv, onWarning() {} }).stores()
}

async function perform(store: TrustStore, change: 'install' | 'remove'): Promise<void> {
  for (const { argv, as, mayFail } of store[change]()) {
    assert.equal(as, 'user')
    const [program = '', ...args] = argv
    await output(program, args).catch((error: unknown) => {
      if (mayFail !== true) throw error
    })
  }
}

/** A server with a given certificate that runs until the end of the test. */
async function serveWith(pair: Pair): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(pair, (request, response) => response.end(`hello from ${request.headers.host}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Wildcards that `serve8008 cert` accepts, with names below, and wildcards that it rejects. */
const stars = [
  ['*.app.localhost', 'x.app.localhost'],
  ['*.a.b.localhost', 'x.a.b.localhost'],
  ['*.shop.test', 'x.shop.test'],
  ['*.nas.home.arpa', 'x.nas.home.arpa'],
] as const
const wideStars = [
  ['*.localhost', 'app.localhost'],
  ['*.test', 'x.test'],
  ['*.home.arpa', 'x.home.arpa'],
] as const

describe('programs that trust the local authority', () => {
  let server: SecureServer
  before(async () => {
    server = await startSecureServer()
  })
  after(() => server[Symbol.asyncDispose]())

  const urls = (): string[] =>
    ['localhost', '127.0.0.1', 'app.localhost', 'a.b.localhost'].map((host) => `https://${host}:${server.port}/`)

  test('OpenSSL verifies the chain strictly, for names and addresses', { skip: missing('openssl') }, async () => {
    using folder = new TempFolder()
    const names = ['localhost', '*.app.localhost', 'app.test', 'box.local', 'x.internal', 'x.home.arpa']
    const addresses = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.5', '169.254.1.1', '100.64.0.1']
    const { cert } = await forge(server.folder, [...names, ...addresses, '::1', 'fd00::1', 'fe80::1'])
    await folder.write({ 'leaf.pem': cert })
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', server.ca]
    const checks = [...names.filter((name) => !name.startsWith('*')).map((name) => ['-verify_hostname', name])]
    for (const check of [...checks, ['-verify_ip', '127.0.0.1'], ['-verify_ip', 'fd00::1']]) {
      assert.match(await output('openssl', [...verify, ...check, folder.join('leaf.pem')]), /: OK/)
    }
  })

  test('OpenSSL rejects what a stolen key would sign', { skip: missing('openssl') }, async () => {
    using folder = new TempFolder()
    const foreign = ['example.com', 'evillocalhost', 'localhost.example.com', '8.8.8.8', '172.32.0.1', '2001:db8::1']
    for (const name of foreign) {
      const { cert } = await forge(server.folder, ['localhost', name])
      await folder.write({ 'leaf.pem': cert })
      await assert.rejects(output('openssl', ['verify', '-CAfile', server.ca, folder.join('leaf.pem')]), {
        stderr: /permitted subtree violation/,
      })
    }
    // A leaf certificate of the authority cannot sign another one either.
    const middle = await forge(server.folder, ['localhost'])
    const { cert } = issueLeaf(['localhost'], middle, { notBefore: new Date(), notAfter: new Date(Date.now() + day) })
    await folder.write({ 'middle.pem': middle.cert, 'leaf.pem': cert })
    const words = ['-CAfile', server.ca, '-untrusted', folder.join('middle.pem'), folder.join('leaf.pem')]
    await assert.rejects(output('openssl', ['verify', ...words]), { stderr: /invalid CA certificate/ })
  })

  test('curl --cacert', { skip: missing('curl') }, async () => {
    for (const url of urls()) {
      const { hostname, host } = new URL(url)
      const words = ['-sS', '--resolve', `${hostname}:${server.port}:127.0.0.1`, url]
      assert.equal(await output('curl', ['--cacert', server.ca, ...words]), `hello from ${host}`)
      await assert.rejects(output('curl', words), { code: 60 })
    }
  })

  test('Node with NODE_EXTRA_CA_CERTS', async () => {
    const script = `for (const url of process.argv.slice(1)) console.log(await (await fetch(url)).text())`
    const reachable = urls().slice(0, 2)
    const words = ['--input-type=module', '-e', script, ...reachable]
    const text = await output(process.execPath, words, { NODE_EXTRA_CA_CERTS: server.ca })
    assert.deepEqual(
      text.trim().split('\n'),
      reachable.map((url) => `hello from ${new URL(url).host}`),
    )
    await assert.rejects(output(process.execPath, words), { stderr: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/ })
  })

  test('Python’s ssl verifies with the strict flags of version 3.13', { skip: missing('python3') }, async () => {
    const script = [
      'import ssl, sys, urllib.request as r',
      'context = ssl.create_default_context()',
      'context.verify_flags |= ssl.VERIFY_X509_STRICT',
      'for url in sys.argv[1:]: print(r.urlopen(url, context=context).read().decode())',
    ].join('\n')
    const reachable = urls().slice(0, 2)
    const text = await output('python3', ['-c', script, ...reachable], { SSL_CERT_FILE: server.ca })
    assert.deepEqual(
      text.trim().split('\n'),
      reachable.map((url) => `hello from ${new URL(url).host}`),
    )
    await assert.rejects(output('python3', ['-c', script, ...reachable]), { stderr: /CERTIFICATE_VERIFY_FAILED/ })
  })

  test('Java’s trust store imports and lists it', { skip: missing('keytool') }, async (t) => {
    using home = new TempFolder()
    const keytool = realpathSync((await output('sh', ['-c', 'command -v keytool'])).trim())
    const cacerts = join(keytool, '../../lib/security/cacerts')
    if (!existsSync(cacerts)) return t.skip('the Java here has no cacerts beside its programs')
    mkdirSync(home.join('bin'))
    mkdirSync(home.join('lib/security'), { recursive: true })
    symlinkSync(keytool, home.join('bin/keytool'))
    copyFileSync(cacerts, home.join('lib/security/cacerts'))
    const store = (await storesOf(server, home.path, home.path)).find(({ name }) => name.startsWith('Java'))
    assert.ok(store !== undefined && (await store.find()).present)
    assert.equal(await store.status(), 'untrusted')
    await perform(store, 'install')
    assert.equal(await store.status(), 'trusted')
    await perform(store, 'install')
    await perform(store, 'remove')
    assert.equal(await store.status(), 'untrusted')
  })

  describe('NSS', { skip: missing('certutil') || noBrowser }, () => {
    test('Chromium trusts it while it is in the store', async () => {
      using home = new TempFolder()
      const store = async (): Promise<TrustStore> => {
        const found = (await storesOf(server, home.path)).find(({ name }) => name.startsWith('Chromium'))
        assert.ok(found !== undefined && (await found.find()).present)
        return found
      }
      const load = async (hosts: readonly string[]): Promise<string[]> => {
        const browser = await launchChromium([], home.path)
        try {
          const page = await browser.newPage()
          const texts: string[] = []
          for (const host of hosts) {
            const answer = await page.goto(`https://${host}:${server.port}/`).catch((error: Error) => error)
            const text = answer instanceof Error ? /ERR_\w+/.exec(answer.message)?.[0] : await answer?.text()
            texts.push(text ?? '')
          }
          return texts
        } finally {
          await browser.close()
        }
      }
      assert.equal(await (await store()).status(), 'untrusted')
      assert.deepEqual(await load(['localhost']), ['ERR_CERT_AUTHORITY_INVALID'])
      await perform(await store(), 'install')
      assert.equal(await (await store()).status(), 'trusted')
      const hosts = ['localhost', '127.0.0.1', 'app.localhost', 'a.b.localhost']
      assert.deepEqual(
        await load(hosts),
        hosts.map((host) => `hello from ${host}:${server.port}`),
      )
      await perform(await store(), 'install')
      await perform(await store(), 'remove')
      assert.equal(await (await store()).status(), 'untrusted')
      assert.deepEqual(await load(['localhost']), ['ERR_CERT_AUTHORITY_INVALID'])
    })

    test('Chromium rejects what a stolen key would sign', async () => {
      using home = new TempFolder()
      const [store] = (await storesOf(server, home.path)).filter(({ name }) => name.startsWith('Chromium'))
      assert.ok(store !== undefined)
      await perform(store, 'install')
      await using forged = await serveWith(await forge(server.folder, ['www.example.com']))
      const browser = await launchChromium([], home.path, ['--host-resolver-rules=MAP www.example.com 127.0.0.1'])
      try {
        const page = await browser.newPage()
        await assert.rejects(page.goto(`https://www.example.com:${forged.port}/`), /ERR_CERT_INVALID/)
      } finally {
        await browser.close()
      }
    })

    test('Chromium accepts a wildcard before two labels, and none for a whole domain', async () => {
      using home = new TempFolder()
      const [store] = (await storesOf(server, home.path)).filter(({ name }) => name.startsWith('Chromium'))
      assert.ok(store !== undefined)
      await perform(store, 'install')
      const browser = await launchChromium([], home.path, ['--host-resolver-rules=MAP * 127.0.0.1'])
      try {
        for (const [star, name] of [...stars, ...wideStars]) {
          await using served = await serveWith(await forge(server.folder, [star]))
          const page = await browser.newPage()
          const url = `https://${name}:${served.port}/`
          if (isPermitted(star)) assert.equal((await page.goto(url))?.status(), 200, star)
          else await assert.rejects(page.goto(url), /ERR_CERT_COMMON_NAME_INVALID/, star)
          await page.close()
        }
      } finally {
        await browser.close()
      }
    })
  })

  describe('NSS of Firefox', { skip: missing('certutil') || noFirefox }, () => {
    /** For each address the text of its page in a Firefox with this home folder, or the reason of its rejection. */
    async function load(urls: readonly string[], options: FirefoxOptions): Promise<string[]> {
      const prefs = { 'network.dns.localDomains': urls.map((url) => new URL(url).hostname).join(',') }
      await using firefox = await Firefox.launch({ prefs, ...options })
      const page = await firefox.newPage()
      const texts: string[] = []
      for (const url of urls) {
        const text = await page.goto(url).then(
          () => page.evaluate<string>('document.body.textContent'),
          (error: Error) => /(?:MOZILLA_PKIX|SEC|SSL)_ERROR_\w+/.exec(error.message)?.[0] ?? error.message,
        )
        texts.push(text)
      }
      return texts
    }

    test('Firefox trusts it while it is in the store', async () => {
      using home = new TempFolder()
      makeProfile(home.path)
      const store = async (): Promise<TrustStore> => {
        const found = (await storesOf(server, home.path)).find(({ name }) => name.startsWith('Firefox'))
        assert.ok(found !== undefined && (await found.find()).present)
        return found
      }
      const [first = ''] = urls()
      assert.deepEqual(await load([first], { home: home.path }), ['SEC_ERROR_UNKNOWN_ISSUER'])
      await perform(await store(), 'install')
      assert.equal(await (await store()).status(), 'trusted')
      assert.deepEqual(
        await load(urls(), { home: home.path }),
        urls().map((url) => `hello from ${new URL(url).host}`),
      )
      await perform(await store(), 'remove')
      assert.equal(await (await store()).status(), 'untrusted')
      assert.deepEqual(await load([first], { home: home.path }), ['SEC_ERROR_UNKNOWN_ISSUER'])
    })

    test('Firefox rejects what a stolen key would sign', async () => {
      await using forged = await serveWith(await forge(server.folder, ['localhost', 'www.example.com']))
      const shown = await load([`https://www.example.com:${forged.port}/`], { authority: server.ca })
      assert.deepEqual(shown, ['SEC_ERROR_CERT_NOT_IN_NAME_SPACE'])
    })

    test('Firefox accepts a wildcard before two labels, and rejects a certificate with another wildcard', async () => {
      const cases = [...stars, ...wideStars]
      const running = await Promise.all(
        cases.map(async ([star]) => serveWith(await forge(server.folder, ['localhost', star]))),
      )
      const urls = cases.flatMap(([, name], index) => {
        const port = running[index]?.port
        return [`https://${name}:${port}/`, `https://localhost:${port}/`]
      })
      const hello = urls.map((url) => `hello from ${new URL(url).host}`)
      const [bad, isAccepted] = ['SEC_ERROR_BAD_DER', stars.length * 2]
      const shown = await load(urls, { authority: server.ca })
      for (const each of running) await each[Symbol.asyncDispose]()
      assert.deepEqual(shown, [
        ...hello.slice(0, isAccepted),
        ...[bad, bad, bad, bad],
        // Only Chromium treats this name as a public suffix.
        ...hello.slice(-2),
      ])
    })
  })
})
