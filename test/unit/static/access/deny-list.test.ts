import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { processorTime } from '../../../support/processor-time.ts'
import { createDenyList, foundFolder, type FoundFile } from '../../../../src/static/access/apply-deny-list.ts'

function file(content: string | Uint8Array = 'text\n'): FoundFile {
  const bytes = Buffer.from(content)
  return { isFolder: false, size: bytes.length, head: () => bytes.subarray(0, 1445) }
}

function isDenied(
  path: string,
  found: FoundFile | undefined,
  options: { dotfiles?: boolean; serve?: string[] } = {},
): boolean {
  const { dotfiles = true, serve = [] } = options
  return createDenyList({ dotfiles, serve }).denialOf(path.split('/'), found) !== undefined
}

/** Names that programs give to secrets, each with the program or the format. */
const secrets = `
  server.pem SERVER.PEM a.p12 a.pfx a.p8 a.jks a.jceks release.bks a.keystore a.ppk a.pvk strong.snk krb5.keytab server.pem.gz server.pem.gz.br credentials.json.xz
  id_rsa id_rsa.pub id_rsa.old id_ed25519 id_ecdsa_sk ssh_host_rsa_key
  a.kdbx old.kdb logins.psafe3 login.keychain login.keychain-db
  .env .ENV .env.local .env.production .envrc production.env production.env.gz .dev.vars
  .npmrc .yarnrc .yarnrc.yml .pypirc .netrc _netrc .pgpass pgpass.conf .my.cnf .mylogin.cnf .htpasswd .htdigest
  .git-credentials .gitconfig .dockercfg .dockerconfigjson .s3cfg .boto .passwd-s3fs .terraformrc .vault-token .vault_pass
  .vault_pass.txt .curlrc .msmtprc .ftpconfig .remote-sync.json .databrickscfg rclone.conf
  terraform.tfstate terraform.tfstate.backup terraform.tfstate.1700000000.backup terraform.tfstate.1700000000 prod.tfvars prod.auto.tfvars.json
  office.ovpn wg0.conf wg-home.conf wgclient.conf
  service-account.json serviceAccountKey.json my_service_account-1a2b.json client_secret.json client_secrets.json
  client_secret_123-abc.apps.googleusercontent.com.json demo-firebase-adminsdk-x1y2z.json gha-creds-1a2b.json
  application_default_credentials.json credentials.json credentials credentials.csv new_user_credentials.csv rootkey.csv
  root_accesskeys.csv kubeconfig kubeconfig.yaml kubeconfig-prod.yml dev.kubeconfig
  sftp-config.json FileZilla.xml recentservers.xml WinSCP.ini wp-config.php wp-config.php.txt wp-config-backup.php
  LocalSettings.php config.inc.php web.config local.settings.json secrets.yml secrets.toml secret_token.rb
  netrc npmrc aws_credentials password.txt passwords.json NuGet.Config pip.conf ngrok.yml keystore.properties wallet.dat adbkey
  UTC--2016-03-22T12-57-55.920751759Z--7ef5a6135f1fd6a02593eedc869c6d41d934aef8 prod.dotenv app.env.production env.local
  plan.tfplan office.rdp nats.creds api.secret bash_history key4.db logins.json cookies.sqlite Cookies
  .bash_history .zsh_history .psql_history .mysql_history .node_repl_history .python_history .viminfo _viminfo fish_history
  data.sqlite-wal data.sqlite-shm app.db-wal app.db-journal tiles.mbtiles-wal db.sqlite3 database.sqlite
  development.sqlite3 dump.rdb
  session.har trace.pcap trace.pcapng fiddler.saz dump.hprof Heap.20261129.heapsnapshot
  index.html~ index.html.bak index.html.bak2 index.html.old config.php.save config.php.save.1 a.orig a.rej
  .index.html.swp .index.html.swo .swp #notes# nginx.conf.dpkg-old nginx.conf.rpmsave
  serve8008.config.ts
`
  .trim()
  .split(/\s+/)

/** Names of folders with secrets. */
const secretFolders = '.ssh .gnupg .aws .azure .kube .docker .gem .cargo .terraform .vagrant .password-store'.split(' ')

/** Names that resemble a secret, of files that users publish. */
const harmless = `
  index.html keyboard.js pem.html env.js config.env.js key a.crt a.cer my_id_rsa.html sqlite.js backup.html old
  release.tar.gz.sig release.asc release.minisig wireguard.conf.md kubeconfig.md kubeconfig-guide.html
  chinook.sqlite chinook.sqlite3 world.db tiles.mbtiles roads.gpkg slot1.save auth.json google-services.json
  service-account.ts client_secret.md credentials.html credentials.js firebase-adminsdk.md terraform.tfvars.example terraform.tfstate.md
  main.tf session.har.md app.cpuprofile Sampling.heapprofile core core.js appsettings.json appsettings.Development.json
  passwords.html tokens.json history.json cookies.html profile.mobileconfig google-account.json env.json
`
  .trim()
  .split(/\s+/)

describe('names', () => {
  for (const name of secrets) {
    test(`${name} is kept back at any depth, also with --dotfiles`, () => {
      assert.equal(isDenied(name, file()), true)
      assert.equal(isDenied(`a/b/${name}`, file()), true)
    })
  }

  for (const name of secretFolders) {
    test(`${name} is kept back with what is in it`, () => {
      assert.equal(isDenied(name, foundFolder), true)
      assert.equal(isDenied(`a/${name}/config`, file()), true)
    })
  }

  for (const path of [
    '.git/config',
    '.git/config.worktree',
    '.git/modules/lib/config',
    'a/.git/modules/libs/deep/er/config',
    '.git/worktrees/fix/config.worktree',
    'bare.git/modules/lib/config',
    'vendor/lib.git/config',
    '.hg/hgrc',
    '.config/gcloud/access_tokens.db',
    '.config/gh/hosts.yml',
    '.composer/auth.json',
    '.streamlit/secrets.toml',
    '.vscode/sftp.json',
    '.idea/dataSources.local.xml',
    '.m2/settings.xml',
  ]) {
    test(`${path} is kept back in spite of --dotfiles`, () => assert.equal(isDenied(path, file()), true))
  }

  for (const name of harmless) test(`${name} is served`, () => assert.equal(isDenied(name, file()), false))

  test('the longest names are judged too, also if lower case changes their length', () => {
    // U+0130 is two characters in lower case.
    for (const letter of ['a', '\u0130', 'ż']) assert.equal(isDenied(`${letter.repeat(251)}.pem`, file()), true)
  })

  test('folders are not backups, keys or databases', () => {
    for (const name of ['site.old', 'v1.bak', 'deck.key', 'x.sqlite', 'certs.pem', 'core', 'credentials', 'a~']) {
      assert.equal(isDenied(name, foundFolder), false, name)
      assert.equal(isDenied(`${name}/index.html`, file()), false, name)
    }
  })

  test('other dotfiles are hidden without --dotfiles', () => {
    for (const path of ['.git/HEAD', 'a/.hidden', '.DS_Store', '.vscode/settings.json', '.config/tools.json']) {
      assert.equal(isDenied(path, file(), { dotfiles: false }), true, path)
      assert.equal(isDenied(path, file()), false, path)
    }
  })

  test('well-known addresses and package stores are served', () => {
    const plain = { dotfiles: false }
    assert.equal(isDenied('.well-known/security.txt', file(), plain), false)
    assert.equal(isDenied('.well-known/.hidden', file(), plain), true)
    assert.equal(isDenied('node_modules/.pnpm/vue@3/node_modules/vue/index.js', file(), plain), false)
    assert.equal(isDenied('.pnpm/x', file(), plain), true)
    assert.equal(isDenied('node_modules/.bin/x', file(), plain), true)
  })
})

describe('the first bytes decide about an ambiguous name', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kept: Record<string, [name: string, content: string | Uint8Array]> = {
    'a PEM key': ['tls.key', privateKey.export({ type: 'pkcs8', format: 'pem' })],
    'a DER key (PKCS #8)': ['tls.key', privateKey.export({ type: 'pkcs8', format: 'der' })],
    'a DER key (SEC 1)': ['tls.key', privateKey.export({ type: 'sec1', format: 'der' })],
    'a key in DER': ['key.der', privateKey.export({ type: 'pkcs8', format: 'der' })],
    'a key in DER (SEC 1)': ['key.der', privateKey.export({ type: 'sec1', format: 'der' })],
    'a key in DER (PKCS #1)': ['key.DER', rsa.privateKey.export({ type: 'pkcs1', format: 'der' })],
    'an encrypted key in DER': [
      'key.der',
      privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
    'a numbered PEM file': ['tls.pem.1', privateKey.export({ type: 'pkcs8', format: 'pem' })],
    'a dated key behind its certificate': [
      'tls.key.2026-11-29',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n',
    ],
    'a key as a text': ['my-key.txt', privateKey.export({ type: 'sec1', format: 'pem' })],
    'an OpenSSH key': ['host.key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n'],
    'a PuTTY key': ['host.key', 'PuTTY-User-Key-File-3: ssh-ed25519\n'],
    'a WireGuard key': ['wg.key', `${Buffer.alloc(32, 7).toString('base64')}\n`],
    "Rails' master.key": ['master.key', '0123456789abcdef0123456789abcdef'],
    'sixteen letters': ['app.key', 'correct-horse-ba'],
    'a raw key of 256 bits': ['box.key', Buffer.alloc(32, 0x01)],
    'a secret key of OpenPGP': ['me.key', Uint8Array.of(0x95, 0x05, 0x86, 0x04, 0x00)],
    'a compressed key': ['tls.key.gz', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    'a dotenv file': ['production.env', 'DB_PASSWORD=hunter2\n'],
    'a dotenv file in UTF-16 with a mark': ['win.env', Buffer.from('\ufeffA=1\r\n', 'utf16le')],
    'a dotenv file in UTF-16 without one': ['win.env', Buffer.from('SECRET=1\r\n', 'utf16le')],
    "Vim's swap file without the dot": ['notes.swp', `b0VIM 9.0\0\0\0${'\0'.repeat(99)}`],
    'a secret key block': ['me.asc', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n'],
    'content encrypted with OpenPGP': ['passwords.gpg', Uint8Array.of(0x85, 0x01, 0x0c)],
    'a secret keyring': ['secring.gpg', Uint8Array.of(0x95, 0x01)],
    'an exported secret key': ['me.gpg', Uint8Array.of(0xc5, 0x86)],
    'a core dump': ['core.4242', '\x7fELF\x02\x01'],
    'the key of a service account by another name': [
      'gcp-key.json',
      '{"type":"service_account","private_key":"-----BEGIN',
    ],
    'a kubeconfig of kubeadm': [
      'admin.conf',
      'apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: LS0t',
    ],
    'a jar of cookies': ['cookies.txt', '# Netscape HTTP Cookie File\n'],
    'a key without an extension': ['deploy_key', '-----BEGIN OPENSSH PRIVATE KEY-----\n'],
    'a key that is named after its kind': ['github_rsa', '-----BEGIN RSA PRIVATE KEY-----\n'],
  }
  for (const [what, [name, content]] of Object.entries(kept)) {
    test(`${what} is kept back: ${name}`, () => assert.equal(isDenied(name, file(content)), true))
  }

  const served: Record<string, [name: string, content: string | Uint8Array]> = {
    'the key of an HLS playlist (RFC 8216 section 4.3.2.4: 16 octets)': [
      'enc.key',
      Buffer.from('9f'.repeat(16), 'hex'),
    ],
    'a public key in DER': ['key.der', publicKey.export({ type: 'spki', format: 'der' })],
    'a public key in DER (PKCS #1)': ['key.der', rsa.publicKey.export({ type: 'pkcs1', format: 'der' })],
    'a certificate in DER': ['ca.der', Uint8Array.of(0x30, 0x82, 0x01, 0x51, 0x30, 0x81, 0xf8, 0xa0, 3, 2, 1, 2)],
    'a page about a PEM file': ['tls.pem.html', '<pre>\n-----BEGIN PRIVATE KEY-----\n'],
    'a numbered certificate': ['tls.pem.1', '-----BEGIN CERTIFICATE-----\n'],
    'the key of a map': ['map-key.txt', 'green: forest'],
    'keys of an object in JSON': ['keyboard.json', '{"a":1}'],
    'the settings of a program': ['admin.conf', 'theme = dark\n'],
    'a recipe': ['cookies.txt', 'Butter, sugar, flour'],
    'an article about keys': ['private-key.txt', 'Never share it.'],
    'slides of Keynote, a zip': ['deck.key', 'PK\x03\x04\x14\x00\x00\x00'],
    'a texture of Babylon.js': ['studio.env', Uint8Array.of(0x86, 0x16, 0x87, 0x96, 0xf6, 0xd6, 0x96, 0x36)],
    'a Flash film': ['game.swf', 'CWS\x09\x00\x01'],
    'a Flash library, a zip': ['lib.swc', 'PK\x03\x04'],
    'a compressed Flash film': ['game.swf.br', Uint8Array.of(0x0b, 0x02, 0x80)],
    'a Windows theme of Swagger': ['ui.swg', 'swagger'],
    'a keyring of public keys (RFC 9580 section 4.2: tag 6)': ['archive-keyring.gpg', Uint8Array.of(0x99, 0x02, 0x0d)],
    'a public key in armour': ['apt.gpg', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n'],
    "a repository's signature": ['Release.gpg', '-----BEGIN PGP SIGNATURE-----\n'],
    'a signature': ['app.zip.asc', '-----BEGIN PGP SIGNATURE-----\n'],
    'a core of an emulator': ['core', '\0asm\x01\0\0\0'],
  }
  for (const [what, [name, content]] of Object.entries(served)) {
    test(`${what} is served: ${name}`, () => assert.equal(isDenied(name, file(content)), false))
  }

  test('a file that cannot be read is hidden', () => {
    assert.equal(isDenied('enc.key', { isFolder: false, size: 16, head: () => undefined }), true)
  })

  test('without facts about the file, only rules by name apply', () => {
    assert.deepEqual(
      ['enc.key', 'a.bak', '.env', '.ssh', 'credentials'].map((name) => isDenied(name, undefined)),
      [false, false, true, true, false],
    )
  })
})

test('a path of the greatest length is judged in linear time', () => {
  for (const piece of [
    'key',
    'a.',
    '/a',
    '/.a',
    '/a.git',
    '.env',
    '/credentials.',
    'wg',
    '~',
    '#',
    '_',
    '/.config',
    'kubeconfig.',
    '-',
  ]) {
    const path = piece.repeat(8192 / piece.length)
    const start = processorTime()
    isDenied(path, undefined)
    isDenied(`${path}.json`, file())
    const ms = processorTime() - start
    // A few milliseconds here.
    assert.ok(ms < 200, `${piece}: ${ms} ms`)
  }
})

describe('--serve', () => {
  const opens = (serve: string, path: string): boolean => !isDenied(path, file(), { dotfiles: false, serve: [serve] })

  test('a name matches that name in any folder', () => {
    assert.equal(opens('*.key', 'a/b/tls.key'), true)
    assert.equal(opens('TLS.key', 'tls.KEY'), true)
    assert.equal(opens('?.pem', 'a.pem'), true)
    assert.equal(opens('*.key', 'tls.pem'), false)
    assert.equal(opens('*.key', 'tls.key.bak'), false)
    assert.equal(opens('*.key', '.hidden/tls.key'), false)
    assert.equal(opens('*.key', '.ssh/tls.key'), false)
    assert.equal(opens('a.b~', 'axb~'), false)
    assert.equal(opens('[a].bak', '[a].bak'), true)
    assert.equal(opens('#notes#', '#notes#'), true)
  })

  test('a path matches that path and the folders above it', () => {
    assert.equal(opens('.git/config', '.git/config'), true)
    assert.equal(opens('/.git/config', '.git/config'), true)
    assert.equal(opens('.git/config', '.git/HEAD'), false)
    assert.equal(opens('.git/config', 'sub/.git/config'), false)
    assert.equal(opens('video/*.key', 'video/enc.key'), true)
    assert.equal(opens('video/*.key', 'video/a/enc.key'), false)
    for (const pattern of ['video/**', 'video/']) {
      assert.equal(opens(pattern, 'video/a/b.key'), true, pattern)
      assert.equal(opens(pattern, 'video.key'), false, pattern)
      assert.equal(opens(pattern, 'video/.env'), false, pattern)
    }
    assert.equal(opens('**/enc.key', 'enc.key'), true)
    assert.equal(opens('**/enc.key', 'a/b/enc.key'), true)
    assert.equal(opens('**/enc.key', 'a/myenc.key'), false)
  })

  test('a wildcard does not match a dot at the start of a name', () => {
    assert.equal(opens('*', 'tls.key'), true)
    assert.equal(opens('*', '.env'), false)
    assert.equal(opens('**', 'a/tls.key'), true)
    assert.equal(opens('**', 'a/.env'), false)
    assert.equal(opens('.env*', '.env.test'), true)
    assert.equal(opens('.hidden', '.hidden/x'), true)
  })

  test('the reason has the option ready to paste, if shells can quote the path', () => {
    const why = (path: string, dotfiles = true): string | undefined =>
      createDenyList({ dotfiles, serve: [] }).denialOf(path.split('/'), file())
    assert.equal(why('certs/tls.key'), 'private key (--serve certs/tls.key)')
    assert.equal(why('.git/config', false), 'credentials (--serve .git/config)')
    assert.equal(why('.ssh/id_rsa', false), 'credentials (--serve .ssh)')
    assert.equal(why('.hidden', false), 'dotfile (--dotfiles)')
    assert.equal(why('a b/c d.key'), 'private key (--serve "a b/c d.key")')
    assert.equal(why('#notes#'), 'backup (--serve "#notes#")')
    assert.equal(why('żółw (1).pem'), 'private key (--serve "żółw (1).pem")')
    // A shell, the list of patterns or a terminal would give each of these a meaning.
    for (const name of [
      'a"b.pem',
      '`a`.pem',
      '!a.pem',
      'a,b.pem',
      '*.pem',
      '\\a.pem',
      'a\u202e.pem',
      ' a.pem',
      '\udcff.pem',
    ]) {
      assert.equal(why(name), 'private key (--serve)', name)
    }
    assert.equal(why('$(id).key'), 'private key (--serve)')
    assert.equal(why('-x.key'), 'private key (--serve)')
    for (const name of ['certs/tls.key', 'a b/c d.key', '#notes#', 'żółw (1).pem'])
      assert.equal(opens(name, name), true)
  })
})
