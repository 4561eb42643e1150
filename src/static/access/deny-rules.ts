import { isAnyText, isDerKey, latin1, mayBeSecretKey, mayBeSecretOpenPgp, startsWith } from '../files/first-bytes.ts'

/** One line of the deny list. Names are in lower case. */
export interface DenyRule {
  /** What such a file is, for the log. */
  readonly what: string
  /** Whether folders of that name are kept back too. Extensions say nothing about folders. */
  readonly folders: boolean
  /** Where the name is ambiguous: whether the first bytes of the file (undefined where they are unknown) or its size decide against it. */
  readonly confirms?: (head: Uint8Array | undefined, size: number) => boolean
}

type Check = (head: Uint8Array, size: number) => boolean

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

function ofFiles(what: string): DenyRule {
  return { what, folders: false }
}

/** A name that is kept back unless the content shows that it is something else. */
function unless(what: string, mayBe: Check): DenyRule {
  return { what, folders: false, confirms: (head, size) => head === undefined || mayBe(head, size) }
}

/** A name that is served unless the content shows what it is. */
function where(what: string, is: Check): DenyRule {
  return { what, folders: false, confirms: (head, size) => head !== undefined && is(head, size) }
}

function holds(text: string): Check {
  return (head) => latin1(head).includes(text)
}

const privateKey = ofFiles('private key')
const credentials = ofFiles('credentials')
const credentialFolder: DenyRule = { what: 'credentials', folders: true }
const backup = ofFiles('backup')
const history = ofFiles('history of commands')
const memory = ofFiles('memory of a program')
const traffic = ofFiles('recorded traffic')
const database = ofFiles('database of a program')
const infrastructure = ofFiles('state of infrastructure')

/**
 * By extension. Not here, because they are made to be published: certificates (`.crt`, `.cer`), signatures (`.sig`,
 * `.minisig`), public keys (`.pub`), profiles that phones install (`.mobileconfig`), data for pages (`.sqlite`, `.db`, `.mbtiles`), profiles without values
 * (`.cpuprofile`).
 */
export const extensionRules: ReadonlyMap<string, DenyRule> = new Map<string, DenyRule>([
  ...rows(privateKey, 'pem p8 pk8 p12 pfx pkcs12 jks jceks bks bcfks keystore keytab ppk pvk snk skr private_key'),
  ...rows(unless('private key', mayBeSecretKey), 'key'),
  ...rows(where('private key', isDerKey), 'der'),
  ...rows(unless('private key', mayBeSecretOpenPgp), 'gpg pgp'),
  ...rows(
    where('private key', (head) => /-----BEGIN PGP PRIVATE KEY BLOCK-----/.test(latin1(head))),
    'asc',
  ),
  ...rows(ofFiles('password store'), 'kdb kdbx psafe3 agilekeychain opvault 1pux keychain keychain-db kwallet gnucash'),
  ...rows(unless('credentials', isAnyText), 'env dotenv'),
  ...rows(credentials, 'ovpn tblk rdg rdp remmina publishsettings azureprofile creds secret pgpass htpasswd htdigest'),
  ...rows(infrastructure, 'tfvars tfstate tfplan'),
  ...rows(backup, 'orig rej backup bkp dpkg-old dpkg-new dpkg-dist rpmsave rpmnew rpmorig ucf-old kate-swp'),
  ...rows(memory, 'hprof phd heapsnapshot heapdump mdmp'),
  ...rows(
    where(memory.what, (head) => startsWith(head, 'MDMP') || startsWith(head, 'PAGE')),
    'dmp',
  ),
  ...rows(traffic, 'har pcap pcapng saz chls chlsj'),
])

/** By the whole name. */
export const nameRules: ReadonlyMap<string, DenyRule> = new Map<string, DenyRule>([
  ...rows(
    credentialFolder,
    `.ssh .gnupg .aws .azure .kube .docker .gem .cargo .terraform .terraform.d .bundle .chef .vagrant .minikube .oci
    .aliyun .kaggle .huggingface .password-store .mozilla .thunderbird .purple .pki .vnc .electrum .bitcoin .ethereum
    .subversion .gsutil .gcloud .doctl .fly .linode-cli .bluemix .secrets .serverless .pulumi .terragrunt-cache
    .elasticbeanstalk .cloudflared .ngrok2 .android .keychain .netlify .bash_sessions .zsh_sessions`,
  ),
  ...rows(
    credentials,
    `.npmrc .yarnrc .yarnrc.yml .pypirc .netrc _netrc .pgpass .my.cnf .mylogin.cnf .htpasswd .htdigest .git-credentials
    .gitconfig .hgrc .dockercfg .dockerconfigjson .s3cfg .boto .passwd-s3fs .terraformrc terraform.rc .vault-token
    .vault_pass .vault_password .vault-password .curlrc .wgetrc .msmtprc .esmtprc .fetchmailrc .muttrc .lftprc .ftpconfig
    .remote-sync.json .tugboat .trc .rhosts .shosts .smbcredentials .smbpasswd .xauthority .iceauthority .flaskenv
    .databrickscfg .snowsql .rclone.conf rclone.conf .openrc openrc.sh .credentials .credentials.json .secret .token
    .password .passwd .claude.json .databases.yml credentials credentials.xml credentials.yml
    credentials.yaml credentials.toml credentials.ini credentials.properties secrets.json secrets.yml secrets.yaml
    secrets.toml secrets.ini secrets.properties secret_token.rb passwords.txt passwords.csv passwd shadow htpasswd
    pgpass.conf netrc npmrc pypirc dockercfg s3cfg git-credentials boto.cfg aws_credentials aws-credentials password.txt
    passwords.json passwords.xlsx nuget.config pip.conf pip.ini ngrok.yml cloudflare.ini keystore.properties
    signing.properties sentry.properties .sentryclirc adbkey wallet.dat local.settings.json sftp-config.json sftp.json ftpconfig filezilla.xml recentservers.xml sitemanager.xml
    winscp.ini robomongo.json credentials-config.json .dbeaver-data-sources.xml localsettings.php config.inc.php
    wp-config.php web.config proftpdpasswd token.pickle rootkey.csv accesskeys.csv login.keychain secring.gpg`,
  ),
  ...rows(
    history,
    `.history .histfile .sh_history .bash_history .zsh_history .zhistory fish_history .fish_history .ksh_history
    .tcsh_history .ash_history .psql_history .mysql_history .mariadb_history .sqlite_history .rediscli_history
    .mongo_history .dbshell .mongosh_repl_history .node_repl_history .ts_node_repl_history .python_history .irb_history
    .pry_history .php_history .scala_history .rhistory .octave_hist .gdb_history .lesshst .viminfo _viminfo .wget-hsts
    .units_history consolehost_history.txt bash_history zsh_history mysql_history psql_history`,
  ),
  ...rows(
    database,
    `db.sqlite3 database.sqlite development.sqlite3 production.sqlite3 test.sqlite3 dump.rdb appendonly.aof key3.db key4.db
    logins.json signons.sqlite cookies.sqlite formhistory.sqlite cookies`,
  ),
])

/** By a part of the name. The first that fits counts. */
export const patternRules: readonly (readonly [names: RegExp, rule: DenyRule])[] = [
  [/^\.env/, credentialFolder],
  [/^\.(?:dev|prod|staging)\.vars/, credentials],
  [/^id_(?:rsa|dsa|ecdsa|ed25519|xmss)/, privateKey],
  [/^ssh_host_.*_key$/, privateKey],
  [
    /(?:[_.-](?:rsa|dsa|ecdsa|ed25519)|(?:private|deploy|ssh)[._-]?key(?:\.txt)?)$/,
    where('private key', holds('PRIVATE KEY')),
  ],
  // Numbered and dated ones, beside which the key itself is kept back. Not a page about them.
  [
    /^(?!.*\.(?:html?|mdx?)$).*(?:\.(?:pem|key|p8)[._-]|key(?:\.pem)?\.txt$)/,
    where('private key', (head) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(latin1(head))),
  ],
  [/^utc--\d{4}-\d\d-/, privateKey],
  [/^env\.(?:local|dev|development|prod|production|staging)$/, credentials],
  [/\.env\.(?:local|dev|development|prod|production|staging|test)$/, unless('credentials', isAnyText)],
  [/^\.vault[_-]pass(?:word)?\./, credentials],
  [/^wp-config[.-].*php/, credentials],
  [/^wg.*\.conf$/, credentials],
  [/service.?account.*\.json$/, credentials],
  [/^client_?secrets?.*\.json$/, credentials],
  [/firebase-adminsdk.*\.json$/, credentials],
  // Keys of service accounts have any name; what is in them has not.
  [
    /(?:key|account|creds?|credentials?|admin|gcp|gcloud|google|firebase).*\.json$/,
    where('credentials', holds('"private_key"')),
  ],
  [
    /^(?:admin|super-admin|kubelet|scheduler|controller-manager)\.conf$/,
    where('credentials', holds('certificate-authority-data')),
  ],
  [/cookies\.txt$/, where('credentials', (head) => /^# (?:Netscape )?HTTP Cookie File/i.test(latin1(head)))],
  [/^gha-creds-.*\.json$/, credentials],
  [/(?:^|[._-])credentials\.(?:json|csv)$/, credentials],
  [/(?:^|[._-])accesskeys\.csv$/, credentials],
  // Not a page or a source about them.
  [/^(?!.*\.(?:html?|mdx?|[cm]?[jt]sx?|css|svg|png|pdf)$)(?:.*[._-])?kubeconfig(?:[._-].*)?$/, credentials],
  [/^serve8008\.config\.(?:[cm]?[jt]s|json)$/, ofFiles('settings of serve8008')],
  [/\.tfstate\.(?!(?:md|html|example)$)|\.tfvars\.(?:json|backup)$/, infrastructure],
  [/\.(?:db3?|sqlite3?|gpkg|mbtiles)-(?:wal|shm|journal)$/, database],
  // Vim's swap files begin with a dot, save where its settings say otherwise; Flash's `.swf` and `.swc` do not.
  [/^\.(?:.*\.)?sw[a-p]$/, backup],
  [/\.sw[a-p]$/, where('backup', (head) => startsWith(head, 'b0VIM '))],
  [/~$|^#.*#$|\.(?:bak|old)\d*$/, backup],
  // nano appends `.save` to the whole name: `index.php.save`, and a game's `slot1.save` is its own.
  [/.\.[a-z]\w*\.save(?:\.\d+)?$/, backup],
  [/^core(?:\.\d+)?$/, where(memory.what, (head) => startsWith(head, '\x7fELF'))],
]

/** Most names of a path that {@link pathRules} look at. */
export const pathRuleNames = 6

/** By the last names of a path, for what is a secret in that folder alone. */
export const pathRules: readonly (readonly [path: RegExp, rule: DenyRule])[] = [
  // Submodules and worktrees have settings of their own, and a name may be in the address of a remote.
  [
    /(?:^|\/)[^/]*\.git\/(?:modules\/.+\/|worktrees\/[^/]+\/)?(?:config(?:\.worktree|\.lock)?|credentials)$/,
    credentials,
  ],
  [/(?:^|\/)\.hg\/hgrc$/, credentials],
  [/(?:^|\/)\.svn\/auth$/, credentialFolder],
  [
    /(?:^|\/)\.config\/(?:gcloud|gh|hub|glab-cli|rclone|doctl|op|github-copilot|configstore|hcloud|scw|sops|flyctl|stripe|heroku|git|pip)$/,
    credentialFolder,
  ],
  [/(?:^|\/)\.(?:composer|config\/composer)\/auth\.json$/, credentials],
  [/(?:^|\/)\.codex\/auth\.json$/, credentials],
  [/(?:^|\/)\.gemini\/oauth_creds\.json$/, credentials],
  [/(?:^|\/)\.git\/git-crypt$/, credentialFolder],
  [/(?:^|\/)\.streamlit\/secrets\.toml$/, credentials],
  [/(?:^|\/)\.vscode\/sftp\.json$/, credentials],
  [/(?:^|\/)\.idea\/(?:datasources(?:\.local)?|webservers|deployment)\.xml$/, credentials],
  [/(?:^|\/)\.local\/share\/(?:keyrings|fish)$/, credentialFolder],
  [/(?:^|\/)\.m2\/settings(?:-security)?\.xml$/, credentials],
  [/(?:^|\/)\.gradle\/gradle\.properties$/, credentials],
  [/(?:^|\/)\.nuget\/nuget\.config$/, credentials],
]

function rows(rule: DenyRule, names: string): [string, DenyRule][] {
  return words(names).map((name) => [name, rule])
}
