import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trustStores } from '../../../../src/tls/trust/stores.ts'
import type { Host, Step, Subject, TrustStore } from '../../../../src/tls/trust/types.ts'

const cert = '-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\nCCCC\n-----END CERTIFICATE-----\n'
const other = cert.replace('AAAA', 'ZZZZ')
const label = 'serve8008 local authority (ann@box)'
const subject: Subject = {
  file: '/data/my ca/authority.pem',
  cert,
  fingerprint: 'AB12',
  label,
  alias: 'serve8008-ann',
}
/** What is left where the certificate is damaged. */
const lost: Subject = { ...subject, cert: undefined, fingerprint: undefined }

interface Machine {
  readonly platform?: string
  readonly files?: Readonly<Record<string, string>>
  readonly javaHome?: string
  readonly writable?: boolean
  /** What a program prints; undefined: there is no such program, or it fails where it is. */
  readonly answers?: (argv: readonly string[]) => string | undefined
  readonly programs?: readonly string[]
}

function hostOf({ platform = 'linux', files = {}, javaHome, writable = false, answers, programs }: Machine): Host {
  const below = (folder: string): string[] =>
    Object.keys(files)
      .filter((file) => file.startsWith(`${folder}/`))
      .map((file) => file.slice(folder.length + 1).split('/')[0] ?? '')
  return {
    platform,
    home: platform === 'darwin' ? '/Users/ann' : '/home/ann',
    javaHome,
    run(argv) {
      if (programs !== undefined && !programs.includes(argv[0] ?? ''))
        return Promise.resolve({ code: undefined, stdout: '' })
      const stdout = answers?.(argv)
      return Promise.resolve(stdout === undefined ? { code: 255, stdout: '' } : { code: 0, stdout })
    },
    has: (path) => files[path] !== undefined || below(path).length > 0,
    read: (path) => files[path],
    list: (folder) => [...new Set(below(folder))],
    canWrite: () => writable,
  }
}

async function storeOf(machine: Machine, name: RegExp, of: Subject = subject): Promise<TrustStore> {
  const stores = await trustStores(hostOf(machine), of)
  const store = stores.find((each) => name.test(each.name))
  assert.ok(store !== undefined, `${name} among ${stores.map((each) => each.name).join(', ')}`)
  return store
}

/** Commands as lines, those for root with a # in front. */
function lines(steps: readonly Step[]): string[] {
  return steps.map(
    ({ argv, as, mayFail }) => `${as === 'root' ? '# ' : ''}${argv.join(' ')}${mayFail === true ? ' ?' : ''}`,
  )
}

const families = [
  ['Debian', '/usr/local/share/ca-certificates', 'crt', 'update-ca-certificates', 'update-ca-certificates --fresh'],
  ['Fedora', '/etc/pki/ca-trust/source/anchors', 'pem', 'update-ca-trust extract', 'update-ca-trust extract'],
  ['SUSE', '/etc/pki/trust/anchors', 'pem', 'update-ca-certificates', 'update-ca-certificates'],
  ['Arch', '/etc/ca-certificates/trust-source/anchors', 'crt', 'trust extract-compat', 'trust extract-compat'],
] as const

for (const [family, folder, extension, collect, drop] of families) {
  test(`the system store of ${family} takes a file and collects it, as root`, async () => {
    const anchor = `${folder}/serve8008-ann.${extension}`
    const store = await storeOf({ files: { [`${folder}/README`]: '' } }, new RegExp(family))
    assert.deepEqual(await store.find(), { present: true })
    assert.equal(await store.status(), 'untrusted')
    assert.deepEqual(store.install(), [
      { argv: ['install', '-m', '0644', subject.file, anchor], as: 'root' },
      { argv: collect.split(' '), as: 'root' },
    ])
    assert.deepEqual(lines(store.remove()), [`# rm -f ${anchor}`, `# ${drop}`])
    const statusWith = async (files: Record<string, string>) => (await storeOf({ files }, new RegExp(family))).status()
    assert.equal(await statusWith({ [anchor]: cert }), 'trusted')
    assert.equal(await statusWith({ [anchor]: other }), 'outdated')
  })
}

test('reports an anchor that is not in the bundle as outdated', async () => {
  const anchor = '/usr/local/share/ca-certificates/serve8008-ann.crt'
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  const statusOf = async (text: string) =>
    (await storeOf({ files: { [anchor]: cert, [bundle]: text } }, /Debian/)).status()
  assert.equal(await statusOf(other), 'outdated')
  assert.equal(await statusOf(`x\n${cert}`), 'trusted')
})

test('a system without a known store has none, and no authority is trusted where there is none', async () => {
  assert.deepEqual(await (await storeOf({}, /^system$/)).find(), { present: false })
  const files = { '/etc/pki/trust/anchors/serve8008-ann.pem': cert }
  const none = { ...subject, cert: undefined, fingerprint: undefined }
  assert.equal(await (await storeOf({ files }, /SUSE/, none)).status(), 'outdated')
})

test('creates the database of Chromium when it is missing', async () => {
  const store = await storeOf({ programs: ['certutil'] }, /Chromium/)
  assert.equal((await store.find()).present, true)
  assert.equal(await store.status(), 'untrusted')
  const database = '-d sql:/home/ann/.pki/nssdb'
  assert.deepEqual(lines(store.install()), [
    'mkdir -p -m 0700 /home/ann/.pki/nssdb',
    `certutil -N ${database} --empty-password`,
    `certutil -A ${database} -t C,, -n serve8008-ann -i /data/my ca/authority.pem`,
  ])
  assert.deepEqual(lines(store.remove()), [`certutil -D ${database} -n serve8008-ann`])
})

test('uses a database of Chromium in its newer folder', async () => {
  const files = { '/home/ann/.local/share/pki/nssdb/cert9.db': '' }
  const stores = (await trustStores(hostOf({ files }), subject)).filter(({ name }) => name.startsWith('Chromium'))
  assert.equal(stores.length, 1)
  assert.deepEqual(
    stores[0]?.install().map(({ argv }) => argv[3]),
    ['sql:/home/ann/.local/share/pki/nssdb', 'sql:/home/ann/.local/share/pki/nssdb'],
  )
})

test('finds every profile of Firefox as a package, a snap and a flatpak', async () => {
  const files = {
    '/home/ann/.mozilla/firefox/a.default/cert9.db': '',
    '/home/ann/.mozilla/firefox/profiles.ini': '',
    '/home/ann/.mozilla/firefox/empty/prefs.js': '',
    '/home/ann/snap/firefox/common/.mozilla/firefox/b.default/cert9.db': '',
    '/home/ann/.var/app/org.mozilla.firefox/.mozilla/firefox/c.default/cert9.db': '',
    '/home/ann/snap/chromium/current/.pki/nssdb/cert9.db': '',
    '/home/ann/.var/app/com.example.Chromium/.pki/nssdb/cert9.db': '',
  }
  const stores = await trustStores(hostOf({ files }), subject)
  assert.deepEqual(
    stores.map(({ name }) => name),
    [
      ...['system', 'Chromium, Chrome', 'Chromium (snap, flatpak)', 'Chromium (snap, flatpak)'],
      ...['Firefox (a.default)', 'Firefox (b.default)', 'Firefox (c.default)', 'Java (JAVA_HOME)'],
    ],
  )
  const held = (text: string) => (argv: readonly string[]) => (argv[1] === '-L' ? text : undefined)
  const statusOf = async (text: string) => (await storeOf({ files, answers: held(text) }, /a\.default/)).status()
  assert.equal(await statusOf(cert.replaceAll('\n', '\r\n')), 'trusted')
  assert.equal(await statusOf(other), 'outdated')
  const [clear] = (await storeOf({ files }, /a\.default/)).install()
  assert.deepEqual(clear?.argv.slice(0, 2), ['certutil', '-D'])
  assert.equal(clear?.mayFail, true)
})

test('names the package of a missing certutil, unless no browser needs it', async () => {
  for (const file of ['/usr/bin/google-chrome', '/home/ann/.pki/nssdb/cert9.db']) {
    const found = await (await storeOf({ programs: [], files: { [file]: '' } }, /Chromium/)).find()
    assert.equal(found.present, true)
    assert.match(found.lacks ?? '', /apt install libnss3-tools/)
  }
  assert.deepEqual(await (await storeOf({ programs: [] }, /Chromium/)).find(), { present: false })
})

test('the keychain of macOS', async () => {
  const keychain = '/Users/ann/Library/Keychains/login.keychain-db'
  const answers = (argv: readonly string[]) => (argv[1] === 'find-certificate' ? 'SHA-1 hash: AB12\n' : undefined)
  const store = await storeOf({ platform: 'darwin', answers }, /macOS/)
  assert.equal(await store.status(), 'trusted')
  assert.equal(await (await storeOf({ platform: 'darwin' }, /macOS/)).status(), 'untrusted')
  assert.deepEqual(store.install(), [
    {
      argv: `/usr/bin/security add-trusted-cert -r trustRoot -p ssl -p basic -k ${keychain}`
        .split(' ')
        .concat(subject.file),
      as: 'user',
    },
  ])
  assert.deepEqual(lines(store.remove()), [
    `/usr/bin/security remove-trusted-cert ${subject.file} ?`,
    `/usr/bin/security delete-certificate -Z AB12 ${keychain}`,
  ])
})

test('removes an authority whose certificate is lost on macOS and Windows', async () => {
  const keychain = '/Users/ann/Library/Keychains/login.keychain-db'
  const found = 'SHA-256 hash: FF\nSHA-1 hash: CD34\nkeychain: x\nSHA-256 hash: EE\nSHA-1 hash: EF56\n'
  const macos = await storeOf(
    { platform: 'darwin', answers: (argv) => (argv.includes(label) ? found : 'SHA-1 hash: 9999\n') },
    /macOS/,
    lost,
  )
  assert.equal(await macos.status(), 'outdated')
  assert.deepEqual(lines(macos.remove()).slice(1), [
    `/usr/bin/security delete-certificate -Z CD34 ${keychain}`,
    `/usr/bin/security delete-certificate -Z EF56 ${keychain}`,
  ])
  const program = String.raw`C:\Windows\System32\certutil.exe`
  const windows = await storeOf(
    { platform: 'win32', answers: (argv) => (argv.includes(label) ? '' : undefined) },
    /Windows/,
    lost,
  )
  assert.equal(await windows.status(), 'outdated')
  assert.deepEqual(lines(windows.remove()), [`${program} -user -delstore Root ${label}`])
})

test('the roots of a Windows user, by Windows’ own certutil', async () => {
  const file = String.raw`C:\Users\ann\AppData\Local\serve8008\authority.pem`
  const program = String.raw`C:\Windows\System32\certutil.exe`
  const answers = (argv: readonly string[]) => (argv.join(' ') === `${program} -user -store Root AB12` ? '' : undefined)
  const store = await storeOf({ platform: 'win32', answers }, /Windows/, { ...subject, file })
  assert.equal(await store.status(), 'trusted')
  assert.deepEqual(store.install(), [{ argv: [program, '-user', '-addstore', 'Root', file], as: 'user' }])
  assert.deepEqual(lines(store.remove()), [`${program} -user -delstore Root AB12`])
  assert.deepEqual(
    (await trustStores(hostOf({ platform: 'win32' }), subject)).map(({ name }) => name),
    ['Windows', 'Java (JAVA_HOME)'],
  )
})

test('from WSL the browsers of Windows are told, by the path that they know', async () => {
  const program = '/mnt/c/Windows/System32/certutil.exe'
  const files = { '/proc/sys/fs/binfmt_misc/WSLInterop': '', [program]: '' }
  const path = String.raw`\\wsl.localhost\Debian\data\authority.pem`
  const answers = (argv: readonly string[]) => (argv[0] === 'wslpath' ? `${path}\n` : undefined)
  const store = await storeOf({ files, answers }, /from WSL/)
  assert.deepEqual(store.install(), [{ argv: [program, '-user', '-addstore', 'Root', path], as: 'user' }])
})

test('the Java of JAVA_HOME, as root where its store is not ours', async () => {
  const files = { '/jdk/lib/security/cacerts': '', '/jdk/bin/keytool': '' }
  const store = await storeOf({ files, javaHome: '/jdk' }, /Java/)
  const words = '-alias serve8008-ann -keystore /jdk/lib/security/cacerts -storepass changeit'
  const adding = `-importcert -noprompt -alias serve8008-ann -file ${subject.file} -keystore /jdk/lib/security/cacerts`
  assert.deepEqual(await store.find(), { present: true })
  assert.deepEqual(lines(store.install()), [
    `# /jdk/bin/keytool -delete ${words} ?`,
    `# /jdk/bin/keytool ${adding} -storepass changeit`,
  ])
  const writable = await storeOf({ files, javaHome: '/jdk', writable: true }, /Java/)
  assert.deepEqual(lines(writable.remove()), [`/jdk/bin/keytool -delete ${words}`])
  const older = { '/jdk8/jre/lib/security/cacerts': '', '/jdk8/bin/keytool': '' }
  assert.deepEqual(await (await storeOf({ files: older, javaHome: '/jdk8' }, /Java/)).find(), { present: true })
  assert.deepEqual(await (await storeOf({ files, javaHome: '/none' }, /Java/)).find(), { present: false })
  assert.deepEqual(await (await storeOf({ files }, /Java/)).find(), { present: false })
})

test('reports an authority that only the bundle still holds as outdated', async () => {
  const folder = '/usr/local/share/ca-certificates'
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  const statusWith = async (text: string): Promise<string> =>
    (await storeOf({ files: { [`${folder}/README`]: '', [bundle]: text } }, /Debian/)).status()
  assert.equal(await statusWith(`${other}${cert}`), 'outdated')
  assert.equal(await statusWith(other), 'untrusted')
})

test('reports a database that certutil cannot read', async () => {
  const files = { '/home/ann/.pki/nssdb/cert9.db': 'rubbish' }
  const broken = await storeOf({ files, answers: ([, flag]) => (flag === '-H' ? '' : undefined) }, /Chromium/)
  assert.deepEqual(await broken.find(), { present: true, lacks: 'certutil cannot read /home/ann/.pki/nssdb' })
  const sound = await storeOf({ files, answers: ([, ...flags]) => (flags.includes('-n') ? undefined : '') }, /Chromium/)
  assert.deepEqual([await sound.find(), await sound.status()], [{ present: true }, 'untrusted'])
})
